//go:build unix

package peer

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group, so that its children end with it.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends the group of a command that was started; that it is gone already is as good.
func killGroup(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
