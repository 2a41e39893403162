"""Dubs as people see them: rows, workers that go on where one was left, and the API."""
