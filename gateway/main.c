/* gateway/main.c - the gateway daemon: start, signals, supervision
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "version") == 0) {
		(void)printf("fairlead %s\n", FL_VERSION);
		return 0;
	}
	(void)fprintf(stderr, "usage: fairlead version\n");
	return 2;
}
