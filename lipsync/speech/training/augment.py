"""Makes clean synthetic speech sound like recordings: rooms, microphones, noise, other throats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import BANDS, SAMPLE_RATE, SCALE

FloatArray = npt.NDArray[np.float32]


def change_speed(samples: FloatArray, factor: float) -> FloatArray:
    """Played ``factor`` times as fast: pitch and formants move along."""
    positions = np.arange(int(len(samples) / factor)) * factor
    return np.asarray(np.interp(positions, np.arange(len(samples)), samples), np.float32)


def other_throat(spectrum: FloatArray, random: np.random.Generator) -> FloatArray:
    """``spectrum`` of the model's features, shape (hops, BANDS), as if from a longer or shorter throat."""
    factor = np.exp(random.uniform(-0.13, 0.13))
    places = np.clip(np.arange(BANDS) * factor + random.uniform(-1, 1), 0, BANDS - 1)
    lower = np.minimum(places.astype(int), BANDS - 2)
    share = (places - lower).astype(np.float32)
    return np.asarray(spectrum[:, lower] * (1 - share) + spectrum[:, lower + 1] * share, np.float32)


def heard_otherwise(spectrum: FloatArray, random: np.random.Generator) -> FloatArray:
    """``spectrum``, shape (hops, BANDS), from another throat, through another microphone, line and room.

    Cheaper than to record the sound again, so no window is heard twice the same.
    """
    spectrum = spectrum.copy()
    if random.random() < 0.8:
        spectrum = other_throat(spectrum, random)
    if random.random() < 0.7:
        spectrum = spectrum + _response(0.12, random)
    if random.random() < 0.25:
        noise = random.normal(random.uniform(-3.0, -0.4), 0.25, spectrum.shape) + _response(0.4, random)
        spectrum = np.logaddexp(SCALE * spectrum, SCALE * noise) / SCALE
    if random.random() < 0.2:
        # Nothing above some band, as on the telephone: there the spectrum is its own mean.
        highest = int(random.integers(29, 38))
        spectrum[:, highest:] = random.normal(0, 0.08, (len(spectrum), BANDS - highest))
    if random.random() < 0.15:
        lowest = int(random.integers(0, 36))
        spectrum[:, lowest : lowest + int(random.integers(1, 5))] = 0
    return np.asarray(spectrum, np.float32)


def _response(spread: float, random: np.random.Generator) -> FloatArray:
    """A smooth random curve over the bands, shape (BANDS,)."""
    points = random.normal(0, spread, 6)
    return np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 6), points).astype(np.float32)


def coloured_noise(count: int, random: np.random.Generator) -> FloatArray:
    """Noise of ``count`` samples, RMS 1, its spectrum tilted and bumped at random."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20)
    shape = (frequency / 500) ** random.uniform(-1.2, 0.3)
    for _ in range(2):
        centre, width = random.uniform(80, 5000), random.uniform(0.1, 0.8)
        shape *= 1 + random.uniform(0, 4) * np.exp(-0.5 * (np.log(frequency / centre) / width) ** 2)
    noise = np.fft.irfft(spectrum * shape, count)
    return np.asarray(noise / (noise.std() + 1e-9), np.float32)


def hum(count: int, random: np.random.Generator) -> FloatArray:
    """Mains or machine hum with harmonics, RMS about 1."""
    times = np.arange(count) / SAMPLE_RATE
    base = random.choice([50.0, 60.0, 100.0, 120.0, random.uniform(80, 400), 1000.0])
    sound = sum(np.sin(2 * np.pi * base * k * times + k) * random.uniform(0, 1) / k for k in range(1, 8))
    sound = np.asarray(sound)
    return np.asarray(sound / (sound.std() + 1e-9), np.float32)


def clicks(count: int, random: np.random.Generator) -> FloatArray:
    """A few short knocks."""
    sound = np.zeros(count, np.float32)
    for start in random.integers(0, max(count - 400, 1), 1 + count // SAMPLE_RATE):
        length = int(random.integers(5, 300))
        burst = random.standard_normal(length) * np.exp(-np.arange(length) / length * 5)
        sound[start : start + length] += burst[: count - start].astype(np.float32)
    return sound


def music(count: int, random: np.random.Generator) -> FloatArray:
    """Chords of plucked or held notes over a beat, RMS about 1."""
    sound = np.zeros(count)
    beat = int(SAMPLE_RATE * random.uniform(0.2, 0.7))
    root = random.uniform(55, 220)
    decay = random.uniform(0.3, 4.0)
    for start in range(0, count, beat):
        length = min(int(beat * random.choice([1, 2, 4])), count - start)
        times = np.arange(length) / SAMPLE_RATE
        envelope = np.exp(-times * decay) * np.minimum(times / 0.01, 1)
        for step in random.choice([0, 3, 4, 5, 7, 9, 12, 16, 19, 24], int(random.integers(1, 5))):
            pitch = root * 2 ** (step / 12)
            vibrato = 1 + 0.003 * np.sin(2 * np.pi * 5 * times)
            for harmonic in range(1, int(random.integers(2, 9))):
                if pitch * harmonic < SAMPLE_RATE / 2:
                    phase = 2 * np.pi * pitch * harmonic * np.cumsum(vibrato) / SAMPLE_RATE
                    sound[start : start + length] += envelope * np.sin(phase) / harmonic
        if random.random() < 0.5:
            drum = random.standard_normal(length) * np.exp(-times * random.uniform(15, 60))
            sound[start : start + length] += random.uniform(0.2, 1.5) * drum
    return np.asarray(sound / (sound.std() + 1e-9), np.float32)


def breaths(count: int, random: np.random.Generator) -> FloatArray:
    """Somebody breathes beside the microphone: swells of noise with the throat's resonances, RMS about 1."""
    noise = coloured_noise(count, random)
    times = np.arange(count) / SAMPLE_RATE
    swell = np.sin(np.pi * times / random.uniform(0.3, 1.5) + random.uniform(0, 3))
    sound = noise * np.maximum(swell, 0) ** 2
    return np.asarray(sound / (sound.std() + 1e-9), np.float32)


def equalise(samples: FloatArray, random: np.random.Generator) -> FloatArray:
    """Through a random microphone and line: tilt, bumps and band limits."""
    spectrum = np.fft.rfft(samples)
    frequency = np.maximum(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), 20)
    points = np.log(np.array([20, 120, 300, 700, 1500, 3000, 5000, 8000]))
    gain = np.interp(np.log(frequency), points, random.normal(0, 5, len(points)))
    if random.random() < 0.3:
        gain -= 60 * np.clip(np.log2(frequency / random.uniform(3200, 7000)), 0, 1)
    if random.random() < 0.3:
        gain -= 40 * np.clip(np.log2(random.uniform(80, 300) / frequency), 0, 1)
    return np.fft.irfft(spectrum * 10 ** (gain / 20), len(samples)).astype(np.float32)


def reverberate(samples: FloatArray, random: np.random.Generator) -> FloatArray:
    """In a room: exponentially decaying echoes below the direct sound."""
    decay_seconds = random.uniform(0.1, 0.5)
    count = int(decay_seconds * SAMPLE_RATE)
    tail = random.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail *= random.uniform(0.1, 0.6) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = len(samples) + count
    mixed = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    return mixed[: len(samples)].astype(np.float32)


def background(count: int, random: np.random.Generator) -> FloatArray:
    """Sound in which nobody speaks, RMS about 1."""
    kind = random.random()
    if kind < 0.45:
        return coloured_noise(count, random)
    if kind < 0.6:
        return hum(count, random) + 0.2 * coloured_noise(count, random)
    if kind < 0.8:
        return music(count, random)
    if kind < 0.9:
        return breaths(count, random)
    return 3 * clicks(count, random) + 0.1 * coloured_noise(count, random)


def record(samples: FloatArray, random: np.random.Generator) -> FloatArray:
    """``samples`` as a random recording of them, in time with the original."""
    if random.random() < 0.7:
        samples = equalise(samples, random)
    if random.random() < 0.5:
        samples = reverberate(samples, random)
    rms = float(np.sqrt(np.mean(samples**2))) + 1e-6
    if random.random() < 0.8:
        level = rms * 10 ** (-random.uniform(8, 45) / 20)
        samples = samples + level * background(len(samples), random)
    gain = 10 ** (random.uniform(-40, -14) / 20) / rms
    return np.asarray(np.clip(samples * gain, -1, 1), np.float32)
