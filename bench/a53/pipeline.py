# SPDX-License-Identifier: Apache-2.0
"""A scoreboard of the Cortex-A53's pipeline: when each instruction of a loop can issue.

The core issues in order, at most two instructions a cycle. Arm publishes no timing guide for it, so
the rules come from three sources, named where they are used:

  [gcc]   gcc/config/arm/cortex-a53.md, the scheduling model that Arm contributed to GCC;
  [meas]  github.com/daniestevez/qsdr, qsdr-benchmarks/tests/instruction_benchmark/aarch64: cycle
          counts of short instruction sequences measured on a Cortex-A53 (the tests repeat them);
  [ncnn]  docs/developer-guide/arm-a53-a55-dual-issue.md of Tencent/ncnn, rules found on the core.

What is modelled:
  * A vector instruction on 128 bits needs both 64-bit halves of the vector unit and issues first of
    its cycle; two that need one half each go together [gcc, meas]. A 64-bit vector load takes
    one half too, so it does not go with 128-bit arithmetic but with INS or 64-bit arithmetic [meas].
  * One load or store a cycle; the path from the first cache is 64 bits wide, so a 128-bit load
    takes two cycles, in which nothing else issues; stores take one a register [meas].
  * A float multiply-add enters the adders four cycles after it issues, and in that cycle they take
    nothing else: no vector load, no INS, no addition [ncnn; gcc: fp_mul, nothing*3, fp_alu].
    This is why good loops have a rhythm of four: three multiply-adds and a cycle for loads.
  * Results come after the latencies of `LATENCY`; a float multiply-add takes its addend four cycles
    late, so chains of them advance every four cycles [gcc].

What is not: cache misses, the branch predictor (a loop that ends costs some 7 cycles [meas]) and the
width of the fetcher. All data are taken to be in the first cache.
"""

from collections import namedtuple

HALVES = 2  # of the vector unit
ADD_DELAY = 4  # cycles from a float multiply-add's issue to its use of the adders

# How an instruction uses the core.
#   kind     "vector", "load", "store", "int", "branch", "nop"
#   halves   of the vector unit: 0, 1 or 2
#   adder    uses them as adders too (or moves through them): collides with multiply-adds in flight
#   late     a float multiply-add: uses the adders ADD_DELAY cycles later
#   memory   cycles of the load and store unit
#   alone    nothing else issues while it does
#   latency  cycles until each written register is there; the n-th of a load comes (n - 1) * step later
Cost = namedtuple("Cost", "kind halves adder late memory alone latency step")


def cost(kind, halves=0, adder=False, late=False, memory=0, alone=False, latency=1, step=0):
    return Cost(kind, halves, adder, late, memory, alone, latency, step)


MULTIPLY = set(
    "fmul fmulx mul smull smull2 umull umull2 mla mls smlal smlal2 umlal umlal2 smlsl smlsl2".split()
)
FLOAT_MLA = {"fmla", "fmls", "fmadd", "fmsub"}
INT_MLA = {"mla", "mls", "smlal", "smlal2", "umlal", "umlal2", "smlsl", "smlsl2"}
# Vector arithmetic through the adders. Latency 4 whatever it does [gcc: advsimd_alu].
ADDER = set(
    "fadd fsub fmax fmin fmaxnm fminnm fabs fneg fabd faddp fmaxp fminp fcvtns fcvtzs fcvtas fcvtzu "
    "scvtf ucvtf frintn frintm frintp frintz frecpe frecps add sub addp abs neg smax smin umax umin "
    "sxtl sxtl2 uxtl uxtl2 sshll sshll2 ushll ushll2 shll shl sshr ushr usra ssra sli sri srshr urshr "
    "xtn xtn2 sqxtn sqxtn2 uqxtn uqxtn2 sqxtun sqxtun2 shrn shrn2 rshrn rshrn2 "
    "sqadd uqadd sqsub uqsub uaddw uaddw2 saddw saddw2 uaddl uaddl2 saddl saddl2 usubl usubl2 ssubl ssubl2 usubw usubw2 ssubw "
    "ssubw2 uaddlp saddlp and orr eor bic orn bsl bit bif not mvn cmeq cmgt cmge cmhi cmhs cmtst "
    "fcmeq fcmgt fcmge fcmlt fcmle facgt facge dup mov movi mvni fmov zip1 zip2 uzp1 uzp2 trn1 trn2 ext "
    "rev64 rev32 rev16 tbl tbx addv uaddlv smaxv umaxv fmaxv fminv".split()
)
# Measured on boards and named in LLVM's AArch64SchedA53.td: single precision, 128 bits.
LONG = {"fdiv": (18, 14), "fsqrt": (17, 13)}  # latency, cycles before the next can start

INTEGER = set(
    "add adds sub subs and ands orr eor bic mov movz movk movn neg mvn lsl lsr asr ror sbfiz ubfiz "
    "sbfx ubfx bfi bfxil sxtw sxth sxtb uxtb uxth cmp cmn tst ccmp csel csinc cset cinc csneg csinv "
    "adr adrp extr clz rev".split()
)
INT_MULTIPLY = {"madd", "msub", "mneg", "umull", "smull", "umaddl", "smaddl", "umulh"}
BRANCH = {"b", "cbz", "cbnz", "tbz", "tbnz"}


class Unknown(Exception):
    """An instruction without a cost: better no figure than a wrong one."""


def is_branch(name):
    return name.split(".")[0] in BRANCH


def cost_of(insn):
    """The Cost of a decoded instruction (see disassembly.py)."""
    name = insn.name
    if name == "nop":
        return cost("nop")
    if is_branch(name):
        return cost("branch", latency=0)
    if name.startswith(("ld", "prfm")):
        return load_cost(insn)
    if name.startswith("st"):
        return store_cost(insn)
    if insn.vector:
        return vector_cost(insn)
    if name in INTEGER:
        return cost("int")  # a result is there for the next cycle [meas]
    if name in INT_MULTIPLY or name == "mul":
        return cost("int", latency=4)
    raise Unknown(insn.text)


def load_cost(insn):
    if not insn.vector:  # ldr x to INS: three cycles [gcc: load to r2f_cvt]
        pair = insn.name.startswith("ldp")
        return cost("load", memory=2 if pair else 1, alone=pair, latency=3, step=1)
    if insn.lane or insn.name.endswith("r") and insn.name.startswith("ld1"):
        # A load that merges into a register, or spreads over it, goes with nothing [meas: ld1 d].
        return cost("load", HALVES, adder=True, memory=1, latency=4)
    if insn.register_bytes <= 8 and len(insn.written) == 1:
        return cost("load", 1, adder=True, memory=1, latency=3)
    cycles = -(-insn.bytes // 8)
    latency = 4 if insn.register_bytes > 8 else 3
    step = insn.register_bytes // 8
    if insn.name.startswith(("ld2", "ld3", "ld4")):  # interleaving: all at the end
        cycles, latency, step = max(cycles, 4), max(cycles, 4) + 3, 0
    return cost("load", HALVES, adder=True, memory=cycles, alone=True, latency=latency, step=step)


def store_cost(insn):
    if not insn.vector:
        return cost("store", memory=1)
    registers = max(1, -(-insn.bytes // 16)) if insn.register_bytes > 8 else len(insn.stored)
    halves = HALVES if insn.register_bytes > 8 or registers > 1 else 1
    return cost("store", halves, memory=registers, alone=registers > 1)


def vector_cost(insn):
    name = insn.name
    halves = HALVES if insn.wide else 1
    if name in FLOAT_MLA:
        return cost("vector", halves, late=True, latency=8)
    if name in MULTIPLY:
        return cost("vector", halves, latency=4)
    if name in LONG:
        latency, busy = LONG[name]
        return cost("vector", HALVES, memory=0, alone=True, latency=latency, step=busy)
    if insn.from_general and name in ("mov", "ins", "fmov"):
        return cost("vector", 1, adder=True, latency=2)  # [meas: ins]
    if insn.to_general:
        return cost("vector", 1, adder=True, latency=5)  # [gcc: f2r_cvt]
    if name in ADDER or name == "ins":
        return cost("vector", halves, adder=True, latency=4)
    raise Unknown(insn.text)


def multiply_adds(insn):
    """Multiply-adds of one instruction: lanes of its accumulator."""
    if insn.name in FLOAT_MLA | INT_MLA and insn.vector:
        return insn.lanes
    return 0


class Scoreboard:
    """Issues instructions one after the other and remembers when and why they waited."""

    def __init__(self):
        self.cycle = 0  # of the last issue
        self.slots = 0  # taken in it
        self.halves = 0
        self.memory_used = False
        self.branched = False
        self.blocked = 0  # before this cycle nothing issues: an instruction alone is still at it
        self.divider = 0
        self.ready = {}  # register: (cycle, cycle in which it can be added to, writer)
        self.adders = {}  # cycle: halves of the adders promised to multiply-adds

    def issue(self, insn):
        """The cycle in which it issues, and what it waited for, in words, or None."""
        c = cost_of(insn)
        at, why = self.earliest(insn, c)
        while True:
            reason = self.obstacle(c, at)
            if reason is None:
                break
            at, why = at + 1, reason
        waited = at - self.cycle - (1 if self.slots == 2 else 0)
        self.take(insn, c, at)
        return at, why if waited > 0 else None

    def earliest(self, insn, c):
        at, why = max(self.cycle, self.blocked), "the instruction before it"
        for register in insn.read:
            ready, ready_addend, writer = self.ready.get(register, (0, 0, None))
            if (c.late or insn.lane) and register in insn.written:
                ready = ready_addend  # what is added to, or kept beside an inserted half
            if c.kind == "branch":
                ready -= 1  # a comparison and its branch go together [meas]
            if c.kind == "store" and register in insn.stored:
                # The data of a store are read a cycle late, the n-th register's n - 1 later still.
                ready -= 1 + insn.stored.index(register)
            if ready > at:
                at, why = ready, "%s of %s" % (register, writer)
        if c.kind == "vector" and insn.name in LONG and self.divider > at:
            at, why = self.divider, "the divider"
        return at, why

    def obstacle(self, c, at):
        if c.adder and any(
            self.adders.get(at + i, 0) + c.halves > HALVES for i in range(max(1, c.memory))
        ):
            return "the adders, which a multiply-add of four cycles before takes"
        if at != self.cycle:
            return None
        if self.slots == 2:
            return "a third in one cycle"
        if self.slots and (c.alone or (c.kind == "vector" and c.halves == HALVES)):
            return "the first place in a cycle"
        if self.halves + c.halves > HALVES:
            return "the vector unit"
        if c.memory and self.memory_used:
            return "the load and store unit"
        if c.kind == "branch" and self.branched:
            return "the branch unit"
        return None

    def take(self, insn, c, at):
        if at != self.cycle:
            self.cycle, self.slots, self.halves = at, 0, 0
            self.memory_used = self.branched = False
        self.slots += 1
        self.halves += c.halves
        self.memory_used |= c.memory > 0
        self.branched |= c.kind == "branch"
        if c.alone:
            self.slots = 2
            self.blocked = at + max(1, c.memory)
        if c.late:
            self.adders[at + ADD_DELAY] = self.adders.get(at + ADD_DELAY, 0) + c.halves
        if insn.name in LONG:
            self.divider = at + c.step
        self.write(insn, c, at)

    def write(self, insn, c, at):
        for n, register in enumerate(insn.written):
            step = 0 if c.kind == "vector" else n * c.step
            ready = at + c.latency + step
            addend = ready - ADD_DELAY if c.late else max(at + 1, ready - 3)
            self.ready[register] = (ready, addend, insn.name)
        for register in insn.moved:  # a base register that the access advanced
            self.ready[register] = (at + 1, at + 1, insn.name)


Result = namedtuple("Result", "cycles stalls multiply_adds loaded stored instructions")


def simulate(loop, rounds=64):
    """Runs a loop (a list of decoded instructions) until it is steady.

    Returns cycles an iteration, and for each instruction how long it waits and for what."""
    board = Scoreboard()
    starts, stalls = [], [(0, None)] * len(loop)
    for turn in range(rounds):
        for n, insn in enumerate(loop):
            before = board.cycle
            at, why = board.issue(insn)
            if n == 0:
                starts.append(at)
            if turn == rounds - 1:
                stalls[n] = (max(0, at - before - 1) if why else 0, why)
    half = rounds // 2
    cycles = (starts[-1] - starts[half - 1]) / (rounds - half)
    return Result(
        cycles,
        stalls,
        sum(multiply_adds(i) for i in loop),
        sum(i.bytes for i in loop if i.name.startswith("ld")),
        sum(i.bytes for i in loop if i.name.startswith("st")),
        len(loop),
    )
