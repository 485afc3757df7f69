#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the instructions of a loop's body into an order that a Cortex-A53 likes.

    bench/a53/schedule.py < BODY

BODY is assembly, an instruction a line, in any order that computes the right thing. Each next
instruction is the one, of those whose operands are written, that can issue earliest by the rules of
pipeline.py; among equals, the one with the longest way to the end. Prints the new order, and the cycles
of a round on standard error. The loops of src/kernels/qdwconv/*_3x3*_neon.c were ordered by it."""

import sys

import disassembly
import pipeline


def decode(lines):
    text = "0000000000000000 <body>:\n"
    for n, line in enumerate(lines):
        text += "   %x:\t%s\n" % (4 * n, line.replace("ins v", "mov v", 1).replace(" ", "\t", 1))
    return disassembly.parse(text)["body"]


def dependences(body):
    """For each instruction, those that have to come behind it: [{index: cycles}]."""
    followers = [{} for _ in body]
    writer, readers = {}, {}
    for n, insn in enumerate(body):
        writes = insn.written + insn.moved
        for register in insn.read:
            if register in writer:
                before = writer[register]
                followers[before][n] = pipeline.cost_of(body[before]).latency
        for register in writes:
            for before in [writer.get(register), *readers.get(register, [])]:
                if before is not None and before != n:
                    followers[before].setdefault(n, 1)
        for register in insn.read:
            readers.setdefault(register, []).append(n)
        for register in writes:
            writer[register], readers[register] = n, []
    return followers


def ways_to_the_end(followers):
    way = [0] * len(followers)
    for n in reversed(range(len(followers))):
        way[n] = max([way[f] + max(1, c) for f, c in followers[n].items()], default=0)
    return way


def earliest_issue(board, insn):
    c = pipeline.cost_of(insn)
    at, _ = board.earliest(insn, c)
    while board.obstacle(c, at):
        at += 1
    return at


def schedule(body):
    """The indices of the instructions in their new order."""
    followers = dependences(body)
    way = ways_to_the_end(followers)
    waiting = [sum(n in f for f in followers) for n in range(len(body))]
    ready = [n for n, count in enumerate(waiting) if count == 0]
    board, order = pipeline.Scoreboard(), []
    while ready:
        n = min(ready, key=lambda i: (earliest_issue(board, body[i]), -way[i], i))
        ready.remove(n)
        board.issue(body[n])
        order.append(n)
        for follower in followers[n]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                ready.append(follower)
    return order


def main():
    lines = [line.strip() for line in sys.stdin if line.strip()]
    body = decode(lines)
    order = schedule(body)
    for n in order:
        print(lines[n])
    print("%g cycles" % pipeline.simulate([body[n] for n in order]).cycles, file=sys.stderr)


if __name__ == "__main__":
    main()
