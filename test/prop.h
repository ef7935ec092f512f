/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random values for property tests. The seed is printed and may be set again with KARAULA_SEED, and
 * KARAULA_RUNS changes how many cases run.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t prop_state;

/* Start; returns the number of cases to run. */
__attribute__((unused)) static unsigned prop_begin(unsigned runs)
{
	const char *seed = getenv("KARAULA_SEED"), *n = getenv("KARAULA_RUNS");

	prop_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
	printf("# KARAULA_SEED=%llu\n", (unsigned long long)prop_state);
	return n ? (unsigned)strtoul(n, NULL, 0) : runs;
}

/* splitmix64 (Steele, Lea and Flood 2014). */
__attribute__((unused)) static uint64_t prop_u64(void)
{
	uint64_t z = (prop_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 to n - 1. */
__attribute__((unused)) static uint64_t prop_below(uint64_t n)
{
	return n ? prop_u64() % n : 0;
}

__attribute__((unused)) static bool prop_chance(unsigned percent)
{
	return prop_below(100) < percent;
}
