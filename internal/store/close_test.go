package store_test

import (
	"os"
	"strings"
	"testing"

	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// A copy of the one file of a stopped platform is a whole backup, and only its owner can read it.
func TestAClosedSQLiteDatabaseIsOneFile(t *testing.T) {
	address := storetest.URL(t, "sqlite")
	file := strings.TrimPrefix(address, "sqlite://")
	s, err := store.Open(t.Context(), address, storetest.Options())
	if err != nil {
		t.Fatal(err)
	}
	shop := storetest.NewShop(t, s)
	shop.Accept(t, s, storetest.Order("Bonjour", alice), storetest.Noon)
	if _, err := s.Services(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if log, err := os.Stat(file + "-wal"); err == nil && log.Size() > 0 {
		t.Errorf("%d bytes are in the log still", log.Size())
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
}
