#!/usr/bin/env python3
"""Plays the tutorial's commands in a real terminal against a running `npm start -- --empty`.

Usage: python3 scripts/record-session.py [--keep-time] [STEPS] [CAST]

STEPS is a file of lines, by default scripts/session-steps.txt:
    $ command          typed, then waited for
    ? pattern => keys  answers a question of the command before it: when the pattern shows, the keys
                       are typed; <enter>, <down>, <up>, <space> stand for those keys
    # words            typed as a comment

What it writes is an asciicast of version 2 (https://docs.asciinema.org/manual/asciicast/v2/). Pauses
above two seconds are shortened to two, and a command whose output goes on for long is shown faster,
unless --keep-time is given. `node scripts/render-session.ts` makes the picture of it.
"""

import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, ROWS = 110, 28
LONGEST_PAUSE = 2.0
# Longest time that one command is shown for: without questions, and with some.
LONGEST_COMMAND = 5.0
LONGEST_INTERVIEW = 22.0
PROMPT = "\x1b]133;A\x07"
KEYS = {"<enter>": "\r", "<down>": "\x1b[B", "<up>": "\x1b[A", "<space>": " "}


class Terminal:
    """A shell in a pseudo-terminal; every byte that it shows is kept with its time."""

    def __init__(self):
        self.events = []
        # What was shown since the last thing that was waited for.
        self.unseen = ""
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = dict(os.environ)
            environment.update(TERM="xterm-256color", PS1="\\[" + PROMPT + "\\]$ ", LANG="C.UTF-8")
            environment.pop("CI", None)
            os.chdir(os.environ.get("SESSION_FOLDER", ROOT))
            os.execvpe("bash", ["bash", "--norc", "--noprofile"], environment)
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read(self, seconds):
        """Keeps what is shown within so many seconds."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return
        try:
            text = os.read(self.fd, 65536).decode("utf-8", "replace")
        except OSError:
            return
        self.events.append([time.monotonic() - self.started, "o", text])
        self.unseen += text

    def until(self, pattern, seconds):
        """Waits until the pattern shows. Ends the recording where it never does."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, plain(self.unseen))):
            if time.monotonic() > end:
                last = plain(self.unseen)[-2000:]
                raise SystemExit(f"Not seen within {seconds} s: {pattern!r}. The last words:\n{last}")
            self.read(0.2)
        self.unseen = plain(self.unseen)[found.end() :]

    def type(self, text):
        """Types as people do, a key after the other."""
        for key in text:
            os.write(self.fd, key.encode())
            self.read(0.03)
            time.sleep(0.03)

    def mark(self, longest):
        """Says that a command begins or ends here, which may be shown for so many seconds."""
        self.events.append([time.monotonic() - self.started, "m", longest])

    def close(self):
        os.kill(self.pid, signal.SIGHUP)
        os.waitpid(self.pid, 0)


def plain(text):
    """Text without what steers a terminal, except for the mark of the prompt."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def steps_of(file):
    """Commands with the answers to their questions."""
    steps = []
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("? "):
            pattern, keys = line[2:].split(" => ")
            steps[-1][1].append((pattern, keys))
        elif line.startswith("$ "):
            steps.append((line[2:], []))
        elif line.startswith("# "):
            steps.append((line, []))
    return steps


def keys_of(text):
    return re.sub(r"<\w+>", lambda name: KEYS[name.group()], text)


def play(terminal, steps):
    terminal.until(PROMPT, 10)
    for command, answers in steps:
        time.sleep(0.5)
        terminal.type(command)
        longest = LONGEST_INTERVIEW if answers else LONGEST_COMMAND
        terminal.mark(longest)
        os.write(terminal.fd, b"\r")
        for pattern, keys in answers:
            terminal.until(pattern, 600)
            terminal.read(0.7)
            time.sleep(0.5)
            terminal.type(keys_of(keys))
        terminal.until(PROMPT, 900)
        terminal.mark(longest)
        terminal.read(0.1)
    time.sleep(1)


def shortened(events):
    """The same events with long waits cut: a film that people watch to its end."""
    result, now, last = [], 0.0, 0.0
    marks = [(time, longest) for time, kind, longest in events if kind == "m"]
    spans = list(zip(marks[::2], marks[1::2]))
    for when, kind, text in events:
        pause = min(when - last, LONGEST_PAUSE)
        for (begin, longest), (end, _) in spans:
            if begin < when <= end and end - begin > longest:
                pause = min(pause, (when - last) * longest / (end - begin))
        now += pause
        last = when
        if kind == "o":
            result.append([round(now, 3), kind, text])
    return result


def main(arguments):
    keep = "--keep-time" in arguments
    names = [argument for argument in arguments if not argument.startswith("--")]
    steps = Path(names[0]) if names else ROOT / "scripts" / "session-steps.txt"
    cast = Path(names[1]) if len(names) > 1 else ROOT / "docs" / "images" / "session.cast"
    terminal = Terminal()
    try:
        play(terminal, steps_of(steps))
    finally:
        terminal.close()
    events = terminal.events if keep else shortened(terminal.events)
    events = [event for event in events if event[1] == "o"]
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "workspace-sync"}
    cast.parent.mkdir(parents=True, exist_ok=True)
    lines = [head, *([when, kind, text.replace(PROMPT, "")] for when, kind, text in events)]
    cast.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    print(f"{cast}: {events[-1][0]:.0f} s, {len(events)} events")


if __name__ == "__main__":
    main(sys.argv[1:])
