// Package vectors finds the ITU's conformance data for tests; the data is not part of the repository.
//
//	SIDETONE_VECTORS, else ../shared/vectors beside the repository
//	          │
//	          ▼
//	  Read, Words (vectors.go) ──► tests of g711, g722, g726, plc
//
// Only tests import it. Without the data a test is skipped, but in CI it fails.
package vectors
