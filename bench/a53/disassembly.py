# SPDX-License-Identifier: Apache-2.0
"""Finds loops in what objdump prints, and decodes their instructions as far as a scoreboard needs:
which registers they read and write, how wide they are, how many bytes they move."""

import re
import subprocess

LINE = re.compile(r"^\s*([0-9a-f]+):\s+([a-z][a-z0-9.]*)\s*(.*?)\s*$")
LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
VECTOR = re.compile(r"^([vqdshb])(\d+)(?:\.(\d*)([bhsd]))?(?:\[(\d+)\])?$")
GENERAL = re.compile(r"^(?:[xw](\d+|zr)|sp|wsp)$")
TARGET = re.compile(r"^([0-9a-f]+) <")
WIDTH = {"b": 1, "h": 2, "s": 4, "d": 8, "q": 16}
LIST = re.compile(r"\{([^}]*)\}(?:\[(\d+)\])?")
ADDRESS = re.compile(r"\[([^\]]*)\](!?)")

# Instructions whose first operand is read as well as written.
TIED = re.compile(
    r"^(fmla|fmls|mla|mls|[su]ml[as]l2?|[su]sra|sli|sri|ins|bsl|bit|bif|[su]adalp|movk|bfi|bfxil|"
    r"xtn2|[su]?q?xtn2|sqxtun2|shrn2|rshrn2|tbx)$"
)
JUMPS = {"b", "bl", "blr", "br", "ret", "cbz", "cbnz", "tbz", "tbnz"}
NO_RESULT = {"cmp", "cmn", "tst", "ccmp", "prfm", "nop"}
SETS_FLAGS = {"cmp", "cmn", "tst", "ccmp", "subs", "adds", "ands"}
READS_FLAGS = {"csel", "csinc", "cset", "cinc", "csneg", "csinv", "ccmp"}


class Instruction:
    """One instruction. `read` and `written` name registers ("v3", "x1", "flags"); `stored` those whose
    values a store writes to memory; `moved` base registers that an access advances."""

    def __init__(self, address, name, operands):
        self.address, self.name = address, name
        self.text = (name + " " + operands).strip()
        self.read, self.written, self.stored, self.moved = [], [], [], []
        self.bytes = self.register_bytes = self.lanes = 0
        self.vector = self.wide = self.lane = self.from_general = self.to_general = False
        self.target = None
        self.decode(operands)

    def decode(self, operands):
        operands = operands.split("//")[0].strip()
        match = TARGET.search(operands.split(",")[-1].strip())
        if match:
            self.target = int(match.group(1), 16)
            operands = operands.rsplit(",", 1)[0] if "," in operands else ""
        if self.name.startswith("b.") or self.name in READS_FLAGS:
            self.read.append("flags")
        if self.name in SETS_FLAGS:
            self.written.append("flags")
        access = self.name.startswith(("ld", "st", "prfm"))
        if access:
            operands = self.decode_address(operands)
        registers = self.registers_of(operands)
        if access:
            self.decode_access(registers)
        else:
            self.decode_arithmetic(registers, operands)

    def decode_address(self, operands):
        match = ADDRESS.search(operands[operands.rfind("[", 0, operands.rfind("]")) :])
        start = operands.rfind("[", 0, operands.rfind("]"))
        base = [general(part) for part in match.group(1).split(",")]
        base = [register for register in base if register]
        after = operands[start + match.end() :].strip(" ,")
        self.read += base
        if match.group(2) or after:
            self.moved.append(base[0])
        if general(after):
            self.read.append(general(after))
        return operands[:start]

    def registers_of(self, operands):
        """The register operands in order: (name, vector match or None, lane or None)."""
        found = []
        spread = LIST.search(operands)
        if spread:
            lane = spread.group(2)
            names = spread.group(1)
            ends = [VECTOR.match(n.strip()) for n in re.split("[-,]", names)]
            if "-" in names:
                first, last = int(ends[0].group(2)), int(ends[1].group(2))
                kind = "." + (ends[0].group(3) or "") + ends[0].group(4)
                ends = [
                    VECTOR.match("v%d%s" % (r % 32, kind))
                    for r in range(first, last + 1 + (32 if last < first else 0))
                ]
            found = [("v" + m.group(2), m, lane) for m in ends]
            operands = operands[: spread.start()] + operands[spread.end() :]
        for part in operands.split(","):
            part = part.strip()
            vector = VECTOR.match(part)
            if vector:
                found.append(("v" + vector.group(2), vector, vector.group(5)))
            elif general(part):
                found.append((general(part), None, None))
        return found

    def decode_access(self, registers):
        for name, vector, lane in registers:
            if vector:
                self.vector, self.lane = True, self.lane or lane is not None
                width = element_bytes(vector) if lane is not None else vector_bytes(vector)
                if self.name in ("ld1r", "ld2r", "ld3r", "ld4r"):
                    self.bytes += element_bytes(vector)
                else:
                    self.bytes += width
                self.register_bytes = max(self.register_bytes, width)
            else:
                self.bytes += general_bytes(self.name, self.text)
        names = [name for name, _, _ in registers if name != "zero"]
        if self.name.startswith("ld"):
            self.written += names
            if self.lane:
                self.read += names
        elif self.name.startswith("st"):
            self.stored = names
            self.read += names

    def decode_arithmetic(self, registers, operands):
        if not registers:
            return
        vectors = [vector for _, vector, _ in registers if vector]
        first, first_vector, lane = registers[0]
        self.vector = bool(vectors)
        self.wide = any(v.group(1) == "v" and vector_bytes(v) > 8 and not v.group(5) for v in vectors)
        if lane is not None:  # mov v0.d[1], ...: half of the register is kept
            self.lane = True
            self.wide = len(vectors) > 1
            self.read.append(first)
        self.from_general = self.vector and any(v is None for _, v, _ in registers[1:])
        self.to_general = self.vector and first_vector is None
        if self.name in NO_RESULT or self.name in ("cbz", "cbnz", "tbz", "tbnz"):
            self.read.append(first)
        else:
            self.written.append(first)
            if first_vector and first_vector.group(1) == "v":
                self.lanes = vector_bytes(first_vector) // element_bytes(first_vector)
        if TIED.match(self.name):
            self.read.append(first)
        self.read += [name for name, _, _ in registers[1:] if name != "zero"]


def general(text):
    """"x3" for x3 and w3, "sp", "zero", or None."""
    text = text.strip()
    match = GENERAL.match(text)
    if not match:
        return None
    if match.group(1) is None:
        return "sp"
    return "zero" if match.group(1) == "zr" else "x" + match.group(1)


def general_bytes(name, text):
    if name.endswith("b"):
        return 1
    if name.endswith("h"):
        return 2
    return 4 if name.endswith("sw") or re.search(r"\sw", text) else 8


def element_bytes(match):
    return WIDTH[match.group(4)] if match.group(1) == "v" else WIDTH[match.group(1)]


def vector_bytes(match):
    if match.group(1) != "v":
        return WIDTH[match.group(1)]
    return int(match.group(3) or 1) * WIDTH[match.group(4)]


def disassemble(objdump, path):
    """{symbol: [Instruction]} of an object file."""
    command = [objdump, "-d", "--no-show-raw-insn", "-M", "no-aliases", str(path)]
    command = [part for part in command if part not in ("-M", "no-aliases")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return parse(text)


def parse(text):
    functions, current = {}, None
    for line in text.splitlines():
        label = LABEL.match(line)
        if label:
            current = functions.setdefault(label.group(1), [])
            continue
        match = LINE.match(line)
        if match and current is not None:
            current.append(Instruction(int(match.group(1), 16), match.group(2), match.group(3)))
    return functions


def innermost_loops(function):
    """The instruction lists between a backward branch and its target that hold no such pair."""
    places = {insn.address: n for n, insn in enumerate(function)}
    spans = [
        (places[insn.target], n)
        for n, insn in enumerate(function)
        if insn.target in places and insn.target <= insn.address
    ]
    inner = [
        span
        for span in spans
        if not any(o != span and span[0] <= o[0] and o[1] <= span[1] for o in spans)
    ]
    return [function[first : last + 1] for first, last in inner]


def is_straight(loop):
    return not any(insn.name in JUMPS or insn.name.startswith("b.") for insn in loop[:-1])


def find_loop(functions, symbol, key):
    """The innermost loop without other branches that has the most `key` instructions (a set of names),
    among all functions whose name matches the pattern `symbol`."""
    best, most = None, 0
    for name, function in functions.items():
        if not re.fullmatch(symbol, name):
            continue
        for loop in filter(is_straight, innermost_loops(function)):
            count = sum(insn.name in key for insn in loop)
            if count > most:
                best, most = loop, count
    return best
