package app_test

import (
	"maps"
	"os"
	"strconv"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/config"
	"ramier/internal/store/storetest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// The long form sets these: how many kills, and the seed of a run that is to be repeated.
const (
	killsSetting = "RAMIER_CRASH_KILLS"
	seedSetting  = "RAMIER_CRASH_SEED"
)

func setting(t *testing.T, name string, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s = %q: give a whole number", name, text)
	}
	return n
}

// mix is how the operator treats receivers that have no magic number. What takes long is left to the long form.
func mix(long bool) map[string]float64 {
	m := map[string]float64{"barred": 0.03, "unknown": 0.03, "spam": 0.02, "double-receipt": 0.05, "receipt-first": 0.05, "bare-receipt": 0.02}
	if long {
		maps.Copy(m, map[string]float64{"throttled": 0.0005, "slow-answer": 0.001, "delayed": 0.02})
	}
	return m
}

// isLong is more kills than fit into a run of all tests.
const isLong = 50

func TestKillsLoseNothing(t *testing.T) {
	kills, seed := setting(t, killsSetting, 10), seedOf(t)
	rows := make([][]string, len(storetest.Databases))
	t.Run("on", func(t *testing.T) {
		for i, database := range storetest.Databases {
			t.Run(database, func(t *testing.T) {
				t.Parallel()
				p := apptest.New(t, options(database, seed, kills > isLong))
				k := apptest.Kills{Number: int(kills), Orders: 40, Run: 500 * time.Millisecond, Customers: 4} //nolint:gosec // few
				if kills > isLong {
					k.Every, k.Run = 25, time.Second
				}
				killed := p.Kill(k)
				rows[i] = append([]string{database}, killed.Row()...)
				p.Check(killed.Count)
			})
		}
	})
	t.Log(apptest.Table(append([][]string{append([]string{""}, apptest.Head...)}, rows...)))
}

// seedOf gives the seed of a test, and tells it.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := setting(t, seedSetting, uint64(time.Now().UnixNano()%1_000_000)) //nolint:gosec // positive
	t.Logf("%s=%d", seedSetting, seed)
	return seed
}

func options(database string, seed uint64, long bool) apptest.Options {
	o := apptest.Options{Database: database, Seed: seed, Mix: mix(long)}
	if long {
		o.Config = func(c *config.Config) { c.Log.Level = "error" }
	}
	return o
}

// TestKillsOfTwoNodesLoseNothing has two servers over one PostgreSQL, of which now one is killed and now the other.
func TestKillsOfTwoNodesLoseNothing(t *testing.T) {
	t.Parallel()
	kills := setting(t, killsSetting, 10)
	o := options("postgres", seedOf(t), kills > isLong)
	o.Nodes = 2
	p := apptest.New(t, o)
	killed := p.Kill(apptest.Kills{Number: int(kills), Orders: 40, Run: 500 * time.Millisecond, Customers: 4}) //nolint:gosec // few
	t.Log(apptest.Table([][]string{apptest.Head, killed.Row()}))
	p.Check(killed.Count)
}
