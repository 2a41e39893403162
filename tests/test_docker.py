"""What docker/ says is what the code does: every command, port, path and variable. Nothing here needs Docker,
but for the last test, which asks Docker itself where it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.bin.celery import celery as celery_command
from django.core.management import load_command_class

from avsite.celery import app as celery_app
from rooms.agent.server import AgentSettings
from supervisor.livekit import PORT, TCP_PORT, UDP_PORT, WEBHOOK_PATH, LiveKit
from supervisor.prepare import Redis, Site
from supervisor.table import build_table
from tests.test_docs import documented

ROOT = Path(__file__).resolve().parent.parent
DOCKER = ROOT / "docker"
OF_COMPOSE = {"AVSITE_TAG", "AVSITE_BIND", "LIVEKIT_NODE_IP", "VARIANT"}
OURS = ("migrate", "web", "worker", "rooms", "scheduler", "agent", "captions", "flower")


def read(name: str) -> Any:
    return yaml.safe_load((DOCKER / name).read_text())


COMPOSE = read("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = re.sub(r"\\\n\s*", "", (DOCKER / "Dockerfile").read_text())


def instructions(word: str) -> list[str]:
    """What follows ``word`` in each instruction of the Dockerfile, health checks' own commands left out."""
    return re.findall(rf"^{word} (.*)$", DOCKERFILE, flags=re.MULTILINE)


def image_commands() -> dict[str, list[str]]:
    """CMD by the stage that it stands in."""
    stages = re.split(r"^FROM .* AS ", DOCKERFILE, flags=re.MULTILINE)[1:]
    found = {stage.split()[0]: re.search(r"^CMD (\[.*\])$", stage, flags=re.MULTILINE) for stage in stages}
    return {name: json.loads(match[1]) for name, match in found.items() if match}


PARSE_DAPHNE = """
import sys
from daphne.cli import CommandLineInterface
print(CommandLineInterface().parser.parse_args(sys.argv[1:]).application)
"""


def commands() -> Iterator[tuple[str, list[str]]]:
    for name, command in image_commands().items():
        yield f"Dockerfile:{name}", command
    for name in OURS:
        if "command" in SERVICES[name]:
            yield name, [re.sub(r"\$\{\w+:-(.*)\}", r"\1", part) for part in SERVICES[name]["command"]]


@pytest.mark.parametrize("where", dict(commands()))
def test_every_command_is_one(where: str) -> None:
    program, *rest = dict(commands())[where]
    if program == "python":
        script, name, *options = rest
        assert script == "manage.py"
        app = "rooms" if name in ("run_agent", "run_captions") else "django.core"
        load_command_class(app, name).create_parser("manage.py", name).parse_args(options)
    elif program == "daphne":
        # In a process of its own: daphne ties the one it is imported in to Twisted.
        parsed = subprocess.run([sys.executable, "-c", PARSE_DAPHNE, *rest], capture_output=True, text=True)
        assert parsed.stdout.strip() == "avsite.asgi:application", parsed.stderr
    else:
        assert (program, rest[:2]) == ("celery", ["-A", "avsite"])
        check_celery_options(rest[2], rest[3:])


def check_celery_options(name: str, options: list[str]) -> None:
    if name == "flower":
        from flower import options as _  # noqa: F401 -- defines them
        from tornado.options import options as known

        assert all(option.removeprefix("--").partition("=")[0] in known for option in options)
        return
    subcommand = celery_command.get_command(None, name)  # type: ignore[arg-type]
    assert subcommand is not None
    named = {flag for parameter in subcommand.params for flag in parameter.opts}
    assert {option.partition("=")[0] for option in options} <= named


def queues(command: list[str]) -> set[str]:
    (option,) = (part for part in command if part.startswith("--queues="))
    return set(option.removeprefix("--queues=").split(","))


def test_every_queue_is_served_as_make_run_serves_it(tmp_path: Path) -> None:
    ours = {name: queues(SERVICES[name]["command"]) for name in ("worker", "rooms")}
    assert set.union(*ours.values()) == {queue.name for queue in celery_app.conf.task_queues}
    assert queues(image_commands()["worker"]) == ours["worker"]
    table = build_table(Site("127.0.0.1", 1), Redis("redis://x", owned=False), LiveKit(False), tmp_path)
    started = {spec.name: spec.argv for spec in table}
    assert {name: queues(started[name]) for name in ours} == ours
    assert "--pool=threads" in SERVICES["rooms"]["command"] and "--pool=threads" in started["rooms"]
    assert {spec.name for spec in table} <= set(SERVICES)


def test_every_variable_is_read() -> None:
    text = "\n".join(path.read_text() for path in (DOCKER / "compose.yaml", DOCKER / "Dockerfile"))
    asked = set(re.findall(r"\$\{(\w+):", text)) | set(re.findall(r"\$\{?(PYTHON|NODE|VARIANT)\b", text))
    known = documented() | OF_COMPOSE | {"PYTHON", "NODE"}
    assert asked <= known
    guide = (ROOT / "docs" / "guide" / "docker.md").read_text()
    assert all(f"`{name}`" in guide for name in OF_COMPOSE), "those that only compose knows are explained"
    for name in OURS:
        given = set(SERVICES[name]["environment"])
        assert given - documented() <= {f"{known}_FILE" for known in documented()}, name


def test_secrets_come_in_files() -> None:
    from avsite import settings as module

    source = Path(module.__file__).read_text()
    environment = SERVICES["worker"]["environment"]
    for variable, path in environment.items():
        if variable.endswith("_FILE") and variable != "AVSITE_ALIVE_FILE":
            name = variable.removesuffix("_FILE")
            assert re.search(rf'env_secret\(\s*"{name}"', source), f"{name} is not read from a file"
            assert Path(path).name in SERVICES["worker"]["secrets"]
    plain = {name for name in environment if re.search("SECRET|TOKEN|KEY|PASSWORD|DATABASE_URL", name)}
    assert all(name.endswith("_FILE") for name in plain), "no secret stands in the environment"
    asked = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert asked == set(COMPOSE["secrets"])


def test_the_script_makes_every_secret(tmp_path: Path) -> None:
    shutil.copy(DOCKER / "make-secrets", tmp_path)
    for _ in range(2):
        subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)
        made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert {f"./secrets/{name}" for name in made} == {one["file"] for one in COMPOSE["secrets"].values()}
    assert made["database_url"] == f"postgres://avsite:{made['database_password']}@postgres:5432/avsite"
    assert made["livekit_keys"] == f"avsite: {made['livekit_secret']}"
    assert len(made["livekit_secret"]) >= 32 and len(made["secret_key"]) >= 40
    assert (tmp_path / "secrets" / "livekit_keys").stat().st_mode & 0o007 == 0, "LiveKit refuses it otherwise"
    second = tmp_path / "again"
    second.mkdir()
    shutil.copy(DOCKER / "make-secrets", second)
    subprocess.run([second / "make-secrets"], check=True, capture_output=True)
    assert (second / "secrets" / "secret_key").read_text() != made["secret_key"]


def test_ports_agree() -> None:
    livekit = read("livekit.yaml")
    assert (livekit["port"], livekit["rtc"]["tcp_port"], livekit["rtc"]["udp_port"]) == (
        PORT,
        TCP_PORT,
        UDP_PORT,
    )
    published = {str(port) for port in SERVICES["livekit"]["ports"]}
    turn = livekit["turn"]["udp_port"]
    assert published == {
        f"{PORT}:{PORT}",
        f"{TCP_PORT}:{TCP_PORT}",
        f"{UDP_PORT}:{UDP_PORT}/udp",
        f"{turn}:{turn}/udp",
    }
    inner = SERVICES["web"]["environment"]["AVSITE_INTERNAL_URL"]
    assert livekit["webhook"]["urls"] == [f"{inner}{WEBHOOK_PATH}"]
    assert SERVICES["web"]["environment"]["LIVEKIT_URL"] == f"ws://livekit:{PORT}"
    scraped = {job["job_name"]: job for job in read("prometheus.yml")["scrape_configs"]}
    assert scraped["livekit"]["static_configs"][0]["targets"] == [f"livekit:{livekit['prometheus']['port']}"]
    assert scraped["site"]["static_configs"][0]["targets"] == [inner.removeprefix("http://")]
    assert scraped["agents"]["dns_sd_configs"][0]["port"] == AgentSettings("", "", "", ROOT).port
    assert f"--port={AgentSettings('', '', '', ROOT).port}" in SERVICES["agent"]["command"]
    site = read("livekit.yaml")["room"]
    assert site == {"auto_create": False, "sync_streams": True, "departure_timeout": 120}


def test_livekit_is_the_one_that_is_tested() -> None:
    version = re.search(r"^VERSION=(.*)$", (ROOT / "scripts" / "livekit").read_text(), flags=re.MULTILINE)
    assert version and SERVICES["livekit"]["image"] == f"livekit/livekit-server:v{version[1]}"


def test_every_path_is_there() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for sources in instructions("COPY"):
        if "--from=" in sources:
            continue
        for source in sources.split()[:-1]:
            assert (ROOT / source).exists(), source
            top = source.rstrip("/") if source.startswith("docker/") else source.split("/")[0]
            assert f"!{top}" in ignored, f"{source} is kept out of the build"
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (DOCKER / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]
    assert "/data" in instructions("VOLUME")
    weights = (ROOT / "avsite" / "settings.py").read_text()
    assert '"AVSITE_MODELS_DIR", str(DATA_DIR / "models")' in weights
    assert "models:/data/models" in SERVICES["worker"]["volumes"]
    assert SERVICES["web"]["environment"]["AVSITE_DATA_DIR"] == "/data"


def test_every_process_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        check = service["healthcheck"]
        assert check.get("test") or name == "migrate", name
        if check.get("test", [""])[1:3] == ["python", "docker/healthcheck.py"]:
            target = check["test"][3]
            is_file = service["environment"].get("AVSITE_ALIVE_FILE") == target
            port = target.split(":")[2].split("/")[0] if target.startswith("http") else ""
            known = json.dumps(service.get("command", image_commands().get(name)))
            assert is_file or port in known, f"{name}: nobody answers at {target}"


def test_the_health_check_checks(tmp_path: Path) -> None:
    def status(target: str) -> int:
        command = [sys.executable, DOCKER / "healthcheck.py", target]
        return subprocess.run(command, capture_output=True, check=False).returncode

    alive = tmp_path / "alive"
    assert status(str(alive)) == 1
    alive.touch()
    assert status(str(alive)) == 0
    os.utime(alive, (0, 0))
    assert status(str(alive)) == 1
    assert status("http://127.0.0.1:9/") == 1


def test_images_are_small_and_nobodys() -> None:
    for name in ("worker", "agent", "web"):
        base = re.search(rf"^FROM (\S+) AS {name}$", DOCKERFILE, flags=re.MULTILINE)
        assert base and base[1].startswith("site-")
    assert instructions("USER") == ["avsite"]
    installs = re.findall(r"(?:pip install|npm ci)[^&\n]*", DOCKERFILE)
    assert installs and all("--require-hashes" in one or one.startswith("npm ci") for one in installs)
    assert "apt-get" not in DOCKERFILE
    for service in SERVICES.values():
        assert (
            not service["image"].startswith("avsite-")
            or service["build"]["dockerfile"] == "docker/Dockerfile"
        )
        assert service["image"].startswith("avsite-") or not service["image"].endswith(":latest")


def test_the_locks_of_a_cuda_image_agree() -> None:
    def versions(name: str) -> set[tuple[str, str, str]]:
        text = (ROOT / "requirements" / name).read_text()
        return set(re.findall(r"^([\w.-]+)==([\w.]+)( ;[^\\]*)?", text, flags=re.MULTILINE))

    together = versions("server.txt") | versions("torch.txt")
    pinned: dict[tuple[str, str], set[str]] = {}
    for name, version, marker in together:
        pinned.setdefault((name, marker.strip()), set()).add(version)
    assert {key for key, found in pinned.items() if len(found) > 1} == set()


def compose_is_here() -> bool:
    found = shutil.which("docker")
    return bool(found) and subprocess.run([found, "compose", "version"], capture_output=True).returncode == 0


@pytest.mark.skipif(not compose_is_here(), reason="docker compose is not installed here")
@pytest.mark.parametrize("extra", [[], ["-f", "compose.cuda.yaml"]])
def test_docker_compose_accepts_it(tmp_path: Path, extra: list[str]) -> None:
    for name in ("compose.yaml", "compose.cuda.yaml", "livekit.yaml", "prometheus.yml", "make-secrets"):
        shutil.copy(DOCKER / name, tmp_path)
    subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)
    command = ["docker", "compose", "-f", "compose.yaml", *extra, "--profile", "*", "config", "--quiet"]
    environment = {**os.environ, "LIVEKIT_NODE_IP": "192.0.2.1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
