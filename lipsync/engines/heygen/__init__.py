"""Lip-sync by HeyGen: its API, generation v3."""
