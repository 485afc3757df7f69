/* SPDX-License-Identifier: Apache-2.0 */
/* A session's memory plan as a picture: layers from left to right, the arena from bottom to top, a
 * box for each piece. */
#ifndef HONE_CLI_PLAN_SVG_H
#define HONE_CLI_PLAN_SVG_H

#include "cli.h"

/* Writes `path`; an error's message is in c->error. */
hone_status cli_plan_svg(cli *c, const hone_session *session, const char *path);

#endif
