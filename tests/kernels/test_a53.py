# SPDX-License-Identifier: Apache-2.0
"""The scoreboard of bench/a53 gives the cycles that were measured on a Cortex-A53.

The figures are those of github.com/daniestevez/qsdr, qsdr-benchmarks/tests/instruction_benchmark
(aarch64): the cycles that a sequence takes when a serializing instruction stands on both sides, so
the cycle of the last issue, counted from 1, and the cycles in which that instruction issues alone."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "a53"))
import disassembly  # noqa: E402
import pipeline  # noqa: E402
import schedule  # noqa: E402


def decode(*lines):
    text = "0000000000000000 <f>:\n"
    text += "".join("   %x:\t%s\n" % (4 * n, line.replace(" ", "\t", 1)) for n, line in enumerate(lines))
    return disassembly.parse(text)["f"]


def cycles(*lines):
    board = pipeline.Scoreboard()
    at = 0
    for insn in decode(*lines):
        at, _ = board.issue(insn)
    return max(at + 1, board.blocked)


def loop_cycles(*lines):
    return pipeline.simulate(decode(*lines)).cycles


class MeasuredSequences(unittest.TestCase):
    def test_arithmetic_on_128_bits_issues_once_a_cycle(self):
        self.assertEqual(cycles("fadd v0.4s, v0.4s, v31.4s", "fadd v1.4s, v1.4s, v31.4s"), 2)
        self.assertEqual(cycles("fmul v0.4s, v0.4s, v31.4s", "fmul v1.4s, v1.4s, v31.4s"), 2)

    def test_an_addition_takes_four_cycles(self):
        self.assertEqual(cycles("fadd v0.4s, v0.4s, v31.4s", "fadd v0.4s, v0.4s, v31.4s"), 5)

    def test_a_128_bit_load_takes_two_cycles_and_its_result_four(self):
        self.assertEqual(cycles("ldr q0, [x1]"), 2)
        self.assertEqual(cycles("ldr q0, [x1]", "ldr q1, [x1]"), 4)
        self.assertEqual(cycles("ldr q0, [x1]", "fadd v0.4s, v0.4s, v0.4s"), 5)
        self.assertEqual(cycles("ldr q0, [x1]", "ldr q1, [x1]", "fadd v1.4s, v1.4s, v1.4s"), 7)

    def test_a_64_bit_load_takes_one_cycle_and_its_result_three(self):
        self.assertEqual(cycles("ldr d0, [x1]"), 1)
        self.assertEqual(cycles("ldr d0, [x1]", "ldr d1, [x1]"), 2)
        self.assertEqual(cycles("ldr d0, [x1]", "fadd v0.4s, v0.4s, v0.4s"), 4)

    def test_registers_of_one_load_come_one_after_the_other(self):
        load = "ld1 {v0.4s-v3.4s}, [x1]"
        self.assertEqual(cycles(load), 8)
        self.assertEqual(cycles(load, "fadd v2.4s, v2.4s, v2.4s"), 9)
        self.assertEqual(cycles(load, "fadd v3.4s, v3.4s, v3.4s"), 11)
        self.assertEqual(cycles("ldp q0, q1, [x1]"), 4)
        self.assertEqual(cycles("ldp q0, q1, [x1]", "fadd v1.4s, v1.4s, v1.4s"), 7)

    def test_stores_take_a_cycle_a_register(self):
        self.assertEqual(cycles("str q0, [x1]", "str q1, [x1]"), 2)
        self.assertEqual(cycles("stp q0, q1, [x1]", "stp q2, q3, [x1]"), 4)
        self.assertEqual(cycles("stp q0, q1, [x1]", "fadd v2.4s, v2.4s, v2.4s"), 3)
        self.assertEqual(cycles("str d0, [x1]", "str d1, [x1]"), 2)

    def test_a_64_bit_vector_load_does_not_go_with_128_bit_arithmetic(self):
        self.assertEqual(cycles("ldr d0, [x1]", "fadd v1.4s, v1.4s, v1.4s"), 2)
        self.assertEqual(cycles("fadd v1.4s, v1.4s, v1.4s", "ldr d0, [x1]"), 2)

    def test_a_64_bit_vector_load_goes_with_64_bit_arithmetic(self):
        self.assertEqual(cycles("fadd v0.2s, v0.2s, v0.2s", "ldr d1, [x1]"), 1)
        self.assertEqual(cycles("ldr d1, [x1]", "fadd v0.2s, v0.2s, v0.2s"), 1)

    def test_a_general_load_goes_with_arithmetic_before_it_only(self):
        self.assertEqual(cycles("fadd v0.4s, v0.4s, v0.4s", "ldr x0, [x1]"), 1)
        self.assertEqual(cycles("ldr x0, [x1]", "fadd v0.4s, v0.4s, v0.4s"), 2)

    def test_inserts_go_together_and_with_64_bit_loads(self):
        self.assertEqual(cycles("mov v0.d[1], x0", "mov v1.d[1], x1"), 1)
        self.assertEqual(cycles("mov v0.d[0], x0", "mov v0.d[1], x1"), 2)
        self.assertEqual(cycles("ldr d0, [x1]", "mov v1.d[1], x0"), 1)
        self.assertEqual(cycles("mov v1.d[1], x0", "ldr d0, [x1]"), 1)
        self.assertEqual(cycles("mov v0.d[1], x0", "fadd v0.4s, v0.4s, v0.4s"), 3)

    def test_stores_of_vectors_go_with_no_vector_instruction(self):
        self.assertEqual(cycles("fadd v0.4s, v0.4s, v0.4s", "str q1, [x1]"), 2)
        self.assertEqual(cycles("str q1, [x1]", "fadd v0.4s, v0.4s, v0.4s"), 2)
        self.assertEqual(cycles("mov v0.d[1], x0", "str q1, [x1]"), 2)
        self.assertEqual(cycles("ldr d0, [x1]", "str q1, [x1]"), 2)

    def test_a_lane_load_goes_with_nothing(self):
        self.assertEqual(cycles("ld1 {v0.d}[0], [x1]", "mov v1.d[1], x0"), 2)

    def test_moves_to_general_registers_do_not_go_with_arithmetic(self):
        self.assertEqual(cycles("fadd v0.4s, v0.4s, v0.4s", "mov x0, v1.d[0]"), 2)
        self.assertEqual(cycles("mov x0, v1.d[0]", "fadd v0.4s, v0.4s, v0.4s"), 2)

    def test_a_comparison_goes_with_its_branch(self):
        loop = ["fadd v%d.4s, v%d.4s, v%d.4s" % (n, n, n) for n in range(4)]
        self.assertEqual(loop_cycles(*loop, "add x0, x0, #0x1", "cmp x0, x1", "b.ne 0 <f>"), 5)


class Rules(unittest.TestCase):
    """What the other sources say."""

    def test_multiply_adds_follow_each_other_every_four_cycles(self):
        self.assertEqual(cycles(*["fmla v0.4s, v30.4s, v31.4s"] * 3), 9)

    def test_other_readers_of_a_multiply_add_wait_eight_cycles(self):
        self.assertEqual(cycles("fmla v0.4s, v30.4s, v31.4s", "fmul v1.4s, v0.4s, v31.4s"), 9)

    def test_a_vector_load_waits_for_the_adders(self):
        spread = ["fmla v%d.4s, v30.4s, v31.4s" % n for n in range(4)]
        self.assertEqual(cycles(*spread, "ldr d8, [x1]"), 9)  # after the last one's adders
        self.assertEqual(cycles(*spread[:3], *["nop"] * 4, "ldr d8, [x1]"), 8)
        self.assertEqual(cycles(*spread, "ldr x2, [x1]"), 4)

    def test_three_multiply_adds_and_a_load_make_a_rhythm(self):
        fmla = ["fmla v%d.4s, v30.4s, v31.4s" % n for n in range(12)]
        rhythm = []
        for n in range(0, 12, 3):
            rhythm += ["ldr d%d, [x1]" % (16 + n // 3)] + fmla[n : n + 3]
        self.assertEqual(loop_cycles(*rhythm), 16)
        self.assertGreaterEqual(loop_cycles(*fmla, *rhythm[::4]), 12 + 4 + 4)

    def test_integer_multiply_adds_do_not_use_the_adders(self):
        spread = ["smlal v%d.4s, v30.4h, v31.4h" % n for n in range(4)]
        self.assertEqual(cycles(*spread, "ldr d8, [x1]"), 5)


class Loops(unittest.TestCase):
    def test_work_and_bytes_are_counted(self):
        result = pipeline.simulate(
            decode("ldr q0, [x1], #16", "fmla v1.4s, v0.4s, v2.s[0]", "smlal2 v3.4s, v4.8h, v5.8h",
                   "fmla v6.2s, v7.2s, v8.2s", "str d1, [x2]")
        )
        self.assertEqual((result.multiply_adds, result.loaded, result.stored), (10, 16, 8))

    def test_the_innermost_loop_is_found(self):
        functions = disassembly.parse(
            "0000000000000000 <f>:\n   0:\tmov\tx0, #0x4\n   4:\tadd\tx1, x1, x2\n"
            "   8:\tfmla\tv0.4s, v1.4s, v2.4s\n   c:\tb.ne\t8 <f+0x8>\n  10:\tb.ne\t4 <f+0x4>\n"
        )
        loop = disassembly.find_loop(functions, "f", {"fmla"})
        self.assertEqual([insn.name for insn in loop], ["fmla", "b.ne"])

    def test_an_instruction_without_a_cost_is_an_error(self):
        with self.assertRaises(pipeline.Unknown):
            cycles("sqrdmlah v0.4s, v1.4s, v2.4s")


class Orders(unittest.TestCase):
    PLAIN = ["ldr d0, [x0]", "fmul v1.4s, v0.4s, v31.4s", "str q1, [x1]",
             "ldr d2, [x0, #8]", "fmul v3.4s, v2.4s, v31.4s", "str q3, [x1, #16]", "add x0, x0, #16"]

    def test_a_new_order_is_shorter_and_keeps_dependences(self):
        body = schedule.decode(self.PLAIN)
        order = schedule.schedule(body)
        self.assertEqual(sorted(order), list(range(len(body))))
        self.assertLess(order.index(0), order.index(1))
        self.assertLess(order.index(1), order.index(2))
        self.assertLess(order.index(3), order.index(6))
        ordered = pipeline.simulate([body[n] for n in order]).cycles
        self.assertLess(ordered, pipeline.simulate(body).cycles)


if __name__ == "__main__":
    unittest.main()
