// SPDX-License-Identifier: Apache-2.0
/*
 * Arithmetic in registers with branches that nobody predicts: lengths of Collatz sequences. n=NUMBERS.
 */
#include "work.h"

void guest_main(void)
{
    const uint64_t numbers = rounds(42000000);
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= numbers; i++)
    {
        uint64_t value = i;
        while (value != 1)
        {
            value = (value & 1) == 0 ? value / 2 : 3 * value + 1;
            sum = sum * 3 + value;
        }
    }
    result(sum);
}
