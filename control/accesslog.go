package control

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"sidetone/control/sip"
	"sidetone/control/store"
)

// accessLog keeps the access log in the store. A row's key is its place in the ring, so that a new row takes the place
// of the oldest and the table never has more rows than the log.
type accessLog struct {
	table *store.Table[sip.Access]
}

// changed puts a row; it does not wait.
func (k accessLog) changed(row sip.Access) {
	k.table.Put(fmt.Sprint(row.Index%sip.AccessRows), row)
}

// rows are those of the last run.
func (k accessLog) rows(log *slog.Logger) []sip.Access {
	rows := slices.Collect(maps.Values(k.table.All()))
	if len(rows) > 0 {
		log.Info("access log kept over the restart", "rows", len(rows))
	}
	return rows
}
