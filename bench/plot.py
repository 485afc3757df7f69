# SPDX-License-Identifier: Apache-2.0
"""A log-log scatter plot as a small SVG."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 60, 150, 15, 45
COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#7e22ce", "#a16207", "#475569")


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def label_of(exponent):
    names = {0: "1", 3: "1 k", 6: "1 M", 9: "1 G"}
    if exponent in names:
        return names[exponent]
    if exponent < 0:
        return f"{10.0 ** exponent:g}"
    low = max(e for e in names if e <= exponent)
    return f"{10 ** (exponent - low)}{names[low][1:]}"


def log_log(series, x_title, y_title):
    """series: {name: [(x, y)]}, all positive. Returns the SVG's text."""
    series = {name: points for name, points in series.items() if points}
    points = [point for some in series.values() for point in some]
    (x0, x1), (y0, y1) = decades([x for x, _ in points]), decades([y for _, y in points])
    at_x = lambda e: LEFT + (e - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
    at_y = lambda e: HEIGHT - BOTTOM - (e - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             'font-family="sans-serif" font-size="12">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for e in range(x0, x1 + 1):
        parts.append(f'<path d="M{at_x(e):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                     f'<text x="{at_x(e):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{label_of(e)}</text>')
    for e in range(y0, y1 + 1):
        parts.append(f'<path d="M{LEFT} {at_y(e):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{at_y(e) + 4:.1f}" text-anchor="end">{label_of(e)}</text>')
    for k, (name, some) in enumerate(series.items()):
        colour = COLOURS[k % len(COLOURS)]
        parts += [f'<circle cx="{at_x(math.log10(x)):.1f}" cy="{at_y(math.log10(y)):.1f}" r="4" fill="{colour}" '
                  'fill-opacity="0.75"/>' for x, y in some]
        parts.append(f'<circle cx="{WIDTH - RIGHT + 20}" cy="{TOP + 12 + 20 * k}" r="4" fill="{colour}"/>'
                     f'<text x="{WIDTH - RIGHT + 32}" y="{TOP + 16 + 20 * k}">{name}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{x_title}</text>'
                 f'<text transform="translate(14 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{y_title}</text></svg>')
    return "\n".join(parts) + "\n"
