// Package report turns the samples of a measurement into one result: medians, ratios, verdicts, a table and JSON.
//
//	bench/versus ──Add──► Samples ┐  one of each server, a value each round
//	                      samples.go
//	                              ├──New──► Report ──► Text   for people        table.go
//	                      Env ────┘            │  └──► JSON   schema 1         report.go
//	                                           ◄── Judge(Threshold…)          threshold.go
//
// Keys are NAME[_UNIT][@LOAD]: "p99_us@100k", "capacity", "memory_per_call_bytes". The ratio of a key, ours to the
// peer's, has the name without the unit: "p99@100k". Values keep four digits: more would be noise.
//
// Whoever measures and whoever prints call it; it holds nothing but what it was given.
package report
