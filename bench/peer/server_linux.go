package peer

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"sidetone/bench/machine"
)

// StartServer starts a program on one core, in the network and with the precedence of the calling thread. The caller
// is locked to its thread (runtime.LockOSThread) until Stop has returned: the kernel kills the server when that thread
// ends, so it cannot outlive us, however we die.
func StartServer(cfg ServerConfig) (*Server, error) {
	s := &Server{Log: filepath.Join(cfg.Dir, cfg.Name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(s.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(cfg.Program, cfg.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = cfg.Dir, out, out
	// A session of its own: a ^C on the terminal is for us, and we stop it in good order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := startOn(cmd, cfg.CPU); err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Name, err)
	}
	s.PID, s.process = cmd.Process.Pid, cmd.Process
	go func() { // ends with the process, which Stop ends; Stop waits for it
		s.err = cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// startOn starts a process while the calling thread is on the core that it shall have, and goes back.
func startOn(cmd *exec.Cmd, cpu int) error {
	if cpu < 0 {
		return cmd.Start()
	}
	cpus, err := machine.CPUs()
	if err != nil {
		return err
	}
	if err := machine.PinThread(cpu); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, machine.PinThread(cpus...))
	}
	if err := machine.PinThread(cpus...); err != nil {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return nil
}
