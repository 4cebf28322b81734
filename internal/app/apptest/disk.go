package apptest

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"modernc.org/libc"
	_ "modernc.org/sqlite" // driver "sqlite"
	lib "modernc.org/sqlite/lib"
)

// Disk is what is wrong with a server's disk, below SQLite. The zero value is a sound disk.
type Disk struct {
	Full      bool          // files cannot grow
	FailSyncs bool          // each fsync fails; what was written may have reached the disk or not
	Delay     time.Duration // of each fsync
}

// SetDisk breaks or repairs the disk of a server with SQLite. It is so when SetDisk returns.
func (n *Node) SetDisk(d Disk) {
	n.p.t.Helper()
	text, err := json.Marshal(d)
	n.p.must(err)
	n.mu.Lock()
	stdin, obeyed := n.stdin, n.obeyed
	n.mu.Unlock()
	_, err = fmt.Fprintln(stdin, string(text))
	n.p.must(err)
	select {
	case <-obeyed:
	case <-time.After(patience):
		n.p.t.Fatal("the server takes no orders about its disk")
	}
}

// disk is that of this process.
var disk struct {
	now     atomic.Pointer[Disk]
	mu      sync.Mutex
	patched map[uintptr]bool // tables of methods
	// What SQLite itself does; the same in all tables.
	open  openFunc
	write writeFunc
	sync  syncFunc
	size  sizeFunc
}

type (
	openFunc  = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	writeFunc = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	syncFunc  = func(*libc.TLS, uintptr, int32) int32
	sizeFunc  = func(*libc.TLS, uintptr, uintptr) int32
)

// at gives what an address that SQLite knows points to.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) } //nolint:gosec // memory of SQLite's

// method gives a method out of one of SQLite's tables, to read or to replace.
func method[F any](slot *uintptr) *F { return (*F)(unsafe.Pointer(slot)) } //nolint:gosec // likewise

// spoil puts us between SQLite and the files, for all databases that this process opens. Before the first of them is the only
// safe moment. The folder is for one that is needed for this.
func spoil(folder string) error {
	disk.now.Store(&Disk{})
	disk.patched = map[uintptr]bool{}
	tls := libc.NewTLS()
	defer tls.Close()
	vfs := at[lib.Tsqlite3_vfs](lib.Xsqlite3_vfs_find(tls, 0))
	disk.open = *method[openFunc](&vfs.FxOpen)
	*method[openFunc](&vfs.FxOpen) = openFile
	// The methods of files are known with the first of them: a database has one table of methods, its log another.
	dir, err := os.MkdirTemp(folder, "spoil")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sql.Open("sqlite", filepath.Join(dir, "db")+"?_pragma=journal_mode(WAL)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), "CREATE TABLE t (x)")
	return errors.Join(err, db.Close())
}

func openFile(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := disk.open(tls, vfs, name, file, flags, out)
	if rc != lib.SQLITE_OK {
		return rc
	}
	table := at[lib.Tsqlite3_file](file).FpMethods
	disk.mu.Lock()
	defer disk.mu.Unlock()
	if !disk.patched[table] {
		disk.patched[table] = true
		m := at[lib.Tsqlite3_io_methods](table)
		disk.write, disk.sync, disk.size = *method[writeFunc](&m.FxWrite), *method[syncFunc](&m.FxSync), *method[sizeFunc](&m.FxFileSize)
		*method[writeFunc](&m.FxWrite), *method[syncFunc](&m.FxSync) = writeFile, syncFile
	}
	return rc
}

// writeFile writes within a file on a full disk, but nothing that makes it longer.
func writeFile(tls *libc.TLS, file, from uintptr, n int32, offset int64) int32 {
	if disk.now.Load().Full {
		size := tls.Alloc(8)
		defer tls.Free(8)
		if rc := disk.size(tls, file, size); rc != lib.SQLITE_OK {
			return rc
		}
		if offset+int64(n) > *at[int64](size) {
			return lib.SQLITE_FULL
		}
	}
	return disk.write(tls, file, from, n, offset)
}

func syncFile(tls *libc.TLS, file uintptr, flags int32) int32 {
	d := disk.now.Load()
	if d.Delay > 0 {
		<-time.After(d.Delay)
	}
	if d.FailSyncs {
		return lib.SQLITE_IOERR_FSYNC
	}
	return disk.sync(tls, file, flags)
}

// obey takes orders about the disk until the test is gone.
func obey() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var d Disk
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			panic(err)
		}
		disk.now.Store(&d)
		fmt.Println(obeyed)
	}
	os.Exit(3)
}

// obeyed is what a server says on its standard output after an order.
const obeyed = "obeyed"
