//go:build !unix

package machine

import "context"

// Alone waits for nobody here.
func Alone(context.Context, func()) (release func(), err error) { return func() {}, nil }
