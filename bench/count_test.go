package bench

import (
	"os"
	"slices"
	"strings"
	"testing"

	"ramier/bench/figures"
	"ramier/bench/load"
	"ramier/internal/simulator"
)

func TestCountFindsWhatIsLostDoubledAndUnexpected(t *testing.T) {
	const second = 1_000_000
	request := func(first, receivers, status int) load.Request {
		return load.Request{Job: load.Job{First: first, Receivers: receivers}, Sent: 10 * second, Answered: 11 * second, Status: status}
	}
	arrival := func(first, n int, at int64) simulator.Arrival {
		j := load.Job{First: first}
		return simulator.Arrival{Message: simulator.ArrivalHash(j.Receiver(n), j.Text()), At: at}
	}
	requests := []load.Request{request(100, 3, 200), request(200, 1, 403), request(300, 1, 0), request(400, 1, 0)}
	good := []simulator.Arrival{arrival(100, 2, 12*second), arrival(100, 0, 10*second+500), arrival(100, 1, 13*second), arrival(300, 0, 12*second)}
	c := count(requests, good)
	if c.arrived != 3 || c.lost != 0 || c.duplicated != 0 || c.unexpected != 0 {
		t.Errorf("all is well, and it counts %+v", c)
	}
	slices.Sort(c.onward)
	slices.Sort(c.whole)
	if want := []int64{0, second, 2 * second}; !slices.Equal(c.onward, want) {
		t.Errorf("from answer to arrival %v, want %v", c.onward, want)
	}
	if want := []int64{500, 2 * second, 3 * second}; !slices.Equal(c.whole, want) {
		t.Errorf("from request to arrival %v, want %v", c.whole, want)
	}
	bad := []simulator.Arrival{
		arrival(100, 0, 14*second), arrival(100, 0, 12*second), arrival(100, 1, 12*second), // one twice, one never
		arrival(200, 0, 12*second), arrival(999, 0, 12*second), // refused, and of nobody
		arrival(300, 0, 12*second), arrival(300, 0, 12*second), // without an answer, and twice
	}
	c = count(requests, bad)
	if c.arrived != 2 || c.lost != 1 || c.duplicated != 2 || c.unexpected != 2 {
		t.Errorf("arrived %d, lost %d, doubled %d, unexpected %d; want 2, 1, 2, 2", c.arrived, c.lost, c.duplicated, c.unexpected)
	}
}

func TestFindGivesScenariosByName(t *testing.T) {
	all, err := Find([]string{"all"})
	if err != nil || len(all) != len(Scenarios()) {
		t.Errorf("all are %d, %v", len(all), err)
	}
	quick, err := Find(Quick)
	if err != nil || len(quick) != len(Quick) {
		t.Errorf("the short form has %d, %v", len(quick), err)
	}
	for _, s := range all {
		if s.Name == "" || s.Title == "" || s.messages() <= 0 {
			t.Errorf("%+v says too little", s)
		}
		for _, one := range s.Loads {
			if one.Kind != s.Kind || one.messages() <= 0 {
				t.Errorf("%+v of %s says too little", one, s.Name)
			}
		}
	}
}

func TestKannelHasReceiptsInMemoryOrSQLite(t *testing.T) {
	for _, s := range Scenarios() {
		wanted := []string{"sqlite", "postgres://here/db"}
		got := s.Databases(wanted)
		if s.Kind != Kannel && !slices.Equal(got, wanted) || s.Kind == Kannel && got[0] != "memory" {
			t.Errorf("%s on %v", s.Name, got)
		}
	}
}

func TestThePageKnowsAllScenarios(t *testing.T) {
	page, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Scenarios() {
		if !strings.Contains(string(page), "`"+s.Name+"`") {
			t.Errorf("docs/performance.md does not say what %s is", s.Name)
		}
	}
	if _, err := (figures.Report{}).Splice(string(page)); err != nil {
		t.Error(err)
	}
}
