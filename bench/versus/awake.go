package versus

import (
	"fmt"

	"sidetone/bench/machine"
	"sidetone/bench/peer"
)

// keepAwake lets a program spin on each core in the time that nobody else wants, until letSleep. A core of a virtual machine that
// halts is the host's until the host finds time to give it back, which may be milliseconds after the packet has come; on a machine of
// one's own idle=poll in the kernel's command line does the same. The calling thread is locked, as for peer.StartServer.
func (w *watch) keepAwake(dir string) (err error) {
	for i, core := range []int{w.serverCore, w.generatorCore} {
		if i == 1 && core == w.serverCore {
			break
		}
		w.spinners[i], err = peer.StartServer(peer.ServerConfig{
			Name: fmt.Sprintf("spinner-%d", core), Program: "/bin/sh", Args: []string{"-c", "while :; do :; done"}, Dir: dir, CPU: core,
		})
		if err == nil {
			err = machine.Yield(machine.Process(w.spinners[i].PID))
		}
		if err != nil {
			w.letSleep()
			return fmt.Errorf("keep core %d awake: %w", core, err)
		}
	}
	return nil
}

// letSleep ends what keepAwake started.
func (w *watch) letSleep() {
	for i, s := range w.spinners {
		if s != nil {
			s.Stop()
		}
		w.spinners[i] = nil
	}
}
