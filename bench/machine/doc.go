// Package machine reads the kernel's own accounts of processes, cores and the network, and gives a measurement its
// place on the machine.
//
//	               /proc/PID/task/*/schedstat ──► Process.CPU    time on a core
//	server (PID) ─ /proc/PID/status, /proc/PID/fd ► Process.Memory, Files            process.go
//	box ────────── /proc/stat ──► Cores ─── minus what is ours ──► load of others    cores.go
//	network ────── /proc/net/snmp ──► Drops: packets the kernel had no room for      drops.go
//	machine ────── /proc/cpuinfo, uname ──► Describe                                 describe.go
//
//	this process ◄── PinProcess, PinThread, Prefer, Yield, OwnNetwork, AllowFiles    pin_linux.go
//	other benches ◄── Alone: one measures at a time                                  lock_unix.go
//
// Only programs of the bench call it. Reading costs tens of microseconds and is done between measurements or at
// their two ends. PinThread, Prefer and OwnNetwork act on the calling thread, which the caller has locked.
//
// Limits: Linux; a thread that ended takes its account with it, so CPU is for servers whose threads stay.
package machine
