// Package clibtest opens the C libraries of codecs for tests.
//
//	a codec's test ── Need(t, Open) ──► clib.Loader ──► its library; not there: the test is skipped, or fails where all must be there
//
// It is for tests only, and keeps nothing.
package clibtest
