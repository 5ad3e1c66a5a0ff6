// Package bencode writes and reads the values of the ng protocol for the bench: a deliberately separate hand from the
// server's own, so that a mistake is not made on both sides.
//
//	map[string]any, []string, []any, string, int ──Append──► "d7:command4:pinge"      bencode.go
//	map[string]any, []any, string, int ◄──Parse── "d6:result4:ponge"
//
// The bench's ng client and the reflector of its tests call it. Limits: 16 levels, 4,096 values; keys are written
// sorted and read in any order, the last of two equal ones counts.
package bencode
