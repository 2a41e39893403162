# Sourced by the other scripts: where things are, and which tools of ours come first.
# Everything that had to be fetched lives in .tools/ and .venv/ of this checkout; deleting it undoes everything.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
VENV=$ROOT/.venv
PATH=$TOOLS/bin:$PATH:/usr/sbin:/sbin
export PATH UV_PYTHON_INSTALL_DIR=$TOOLS/python UV_LINK_MODE=${UV_LINK_MODE:-copy}
cd "$ROOT" || exit 1

# Behind a company's own certificate authority everything must trust what the system trusts.
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
if [ -r "$CERTIFICATES" ]; then
    export SSL_CERT_FILE=${SSL_CERT_FILE:-$CERTIFICATES} PIP_CERT=${PIP_CERT:-$CERTIFICATES}
    export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$CERTIFICATES}
fi

step() { printf '==> %s\n' "$*"; }
fail() { printf 'avsite setup stopped: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
works() { "$@" >/dev/null 2>&1; }
