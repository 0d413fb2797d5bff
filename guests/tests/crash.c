// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that ends itself with the reason "system failure", on purpose.
 */
#include "test.h"

void guest_main(void)
{
    print("crash: about to fail on purpose\n");
    shut_down(true);
}
