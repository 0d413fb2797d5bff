/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a line and shuts down. */
#include "guest.h"

int main(void)
{
    print("hello from S-mode\n");
    return 0;
}
