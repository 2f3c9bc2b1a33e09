"""Other programs: run to their end, or ended by Ctrl-C as they want to be."""

import os
import signal
import subprocess
import sys


class Failed(Exception):
    """A step did not come out as it has to; says how."""


def run(command, *, env, log=None, cwd=None, typed=None, accept=(0,)):
    """Runs a program and returns what it printed; with `log`, all of it is kept there as well.

    Ctrl-C is not passed on by the terminal, which would end everything at once: the program is asked
    to end, and waited for, so that Terraform writes down what it has made.
    """
    program = subprocess.Popen(
        command, env=env, cwd=cwd, text=True, start_new_session=True,
        stdin=subprocess.PIPE if typed is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE if log is None else subprocess.STDOUT,
    )
    try:
        printed, complaints = program.communicate(typed)
    except KeyboardInterrupt:
        note(log, command, ended(program))
        raise
    note(log, command, printed)
    if program.returncode not in accept:
        last = "\n".join((complaints or printed).strip().splitlines()[-40:])
        kept = f"\n(all of it is in {log})" if log else ""
        raise Failed(f"{os.path.basename(command[0])} {' '.join(command[1:3])} failed:\n{last}{kept}")
    return printed


def ended(program):
    """Asks a program to end, once for each Ctrl-C, and returns what it printed until it had."""
    while True:
        print(f"smoke: waiting for {os.path.basename(program.args[0])} to end in order", file=sys.stderr, flush=True)
        program.send_signal(signal.SIGINT)
        try:
            printed, _ = program.communicate()
            return printed
        except KeyboardInterrupt:
            continue


def note(log, command, printed):
    """Keeps what a program printed."""
    if log:
        with open(log, "a") as kept:
            kept.write(f"$ {' '.join(command)}\n{printed}\n")
