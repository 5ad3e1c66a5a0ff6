package control

import (
	"sync"

	"sidetone/control/sip"
	"sidetone/control/store"
)

// registrations keeps in the store where the stations are, so that phones need not register again after a restart.
type registrations struct {
	table *store.Table[[]sip.Kept]

	mu sync.Mutex // a station's newest contacts are put last
}

// changed puts a station's contacts; it does not wait.
func (k *registrations) changed(tel string, registrar *sip.Registrar) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if list := registrar.Kept(tel); len(list) > 0 {
		k.table.Put(tel, list)
		return
	}
	k.table.Delete(tel)
}

// restore brings the registrations of configured stations back and returns how many; the others are forgotten.
func (k *registrations) restore(stack *sip.Stack, stations *directory) int {
	n := 0
	for tel, list := range k.table.All() {
		if _, ok := stations.ByTel(tel); ok {
			n += stack.Restore(tel, list)
		}
		k.changed(tel, stack.Registrar())
	}
	return n
}
