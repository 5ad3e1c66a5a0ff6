//go:build !linux

package peer

import "errors"

// StartServer starts a program on one core.
func StartServer(ServerConfig) (*Server, error) {
	return nil, errors.New("measuring servers needs Linux")
}
