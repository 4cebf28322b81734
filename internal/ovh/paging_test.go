package ovh

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ramier/internal/sms"
)

func TestBatch(t *testing.T) {
	f := newShop(t)
	got := f.ask("GET", orders+"/1,4,x", "", "X-Ovh-Batch", ",")
	want := `[{"key":"1","value":{"id":1,"color":"blue","weight":0.5,"created":"2026-07-01T12:00:00+02:00","note":null,"line":null},"error":null},` +
		`{"key":"4","value":null,"error":{"class":"Client::ObjectNotFound","httpCode":"404 Not Found","message":"The requested object (id = 4) does not exist"}},` +
		`{"key":"x","value":null,"error":{"class":"Client::BadRequest","httpCode":"400 Bad Request","message":"Path parameter id isn't formated correctly: ` +
		`it is 'x' and must be a whole number such as 42 (type long)","details":{"expected":"a whole number such as 42","parameter":"id","value":"x"}}}]`
	if got.status != 200 || got.body != want {
		t.Errorf("got  %d %s\nwant %s", got.status, got.body, want)
	}
	for _, path := range []string{orders + "/1%2C2", orders + "/1;2"} {
		if got := f.ask("GET", path, "", "X-Ovh-Batch", ",;"[strings.Count(path, ";"):][:1]); !strings.Contains(got.body, `"key":"2"`) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if got := f.ask("GET", orders+"/1,2,3,5,6,7", "", "X-Ovh-Batch", ","); got.status != 413 || !strings.Contains(got.body, "6 ids, at most 5") {
		t.Errorf("too many: %d %s", got.status, got.body)
	}
	if got := f.ask("GET", orders, "", "X-Ovh-Batch", ","); got.body != "[1,2,3,4,5,6,7]" {
		t.Errorf("a list: %s", got.body)
	}
}

func TestEachIdOfABatchNeedsItsRight(t *testing.T) {
	f := newShop(t)
	f.caller.Rules = []sms.AccessRule{{Method: "GET", Path: "/shop/a/orders/1"}}
	got := f.ask("GET", orders+"/1,2", "", "X-Ovh-Batch", ",")
	if !strings.Contains(got.body, `{"key":"1","value":{"id":1`) || !strings.Contains(got.body, `{"key":"2","value":null,"error":{"class":"Client::Forbidden","errorCode":"NOT_GRANTED_CALL"`) {
		t.Errorf("got %s", got.body)
	}
	if !slices.Equal(f.asked, []int64{1}) {
		t.Errorf("asked for %v", f.asked)
	}
}

func TestExpandedLists(t *testing.T) {
	for _, c := range []struct {
		headers string // name=value, separated by blanks, X-Pagination- left out
		ids     string
		total   string
		asked   int
	}{
		{"", "[1 2 3 5 6 7]", "7", 7}, // 4 went away after it was listed
		{"Size=2", "[1 2]", "7", 2},
		{"Size=2 Number=3", "[5 6]", "7", 2},
		{"Size=2 Number=9", "[]", "7", 0},
		{"Size=2 Sort-Order=DESC", "[7 6]", "7", 2},
		{"Size=2 Sort=id Sort-Order=DESC", "[7 6]", "7", 2},
		{"Size=3 Sort=color", "[1 3 5]", "6", 7},
		{"Size=3 Sort=color Sort-Order=DESC", "[6 2 7]", "6", 7},
		{"Sort=weight Sort-Order=DESC Number=2 Size=4", "[2 1]", "6", 7},
		{"Sort=created", "[1 2 3 5 6 7]", "6", 7},
		{"Sort=note Sort-Order=DESC Size=2", "[7 6]", "6", 7},
		{"Filter=color:eq=red", "[2 6]", "2", 7},
		{"Filter=color:ne=red", "[1 3 5 7]", "4", 7},
		{"Filter=color:eq=red&weight:gt=1.5", "[6]", "1", 7},
		{"Filter=color:eq=red Filter=weight:ge=3", "[6]", "1", 7},
		{"Filter=id:in=1,3,4", "[1 3]", "2", 7},
		{"Filter=id:nin=1,3", "[2 5 6 7]", "4", 7},
		{"Filter=id:lt=3", "[1 2]", "2", 7},
		{"Filter=id:le=3", "[1 2 3]", "3", 7},
		{"Filter=note:like=%25OTE%206", "[6]", "1", 7},
		{"Filter=note:nlike=%25ote%25", "[1 2 3 5]", "4", 7},
		{"Filter=note:eq=note%207", "[7]", "1", 7},
		{"Filter=line.what:eq=tea", "[6 7]", "2", 7},
		{"Filter=created:gt=2026-07-05T00:00:00%2B02:00", "[5 6 7]", "3", 7},
	} {
		t.Run(c.headers, func(t *testing.T) {
			f := newShop(t)
			got := f.ask("GET", orders, "", paginationHeaders(c.headers)...)
			var ids []int64
			for part := range strings.SplitSeq(got.body, `{"id":`) {
				var id int64
				if n, _ := fmt.Sscanf(part, "%d,", &id); n == 1 {
					ids = append(ids, id)
				}
			}
			if fmt.Sprint(ids) != c.ids || got.header.Get("X-Pagination-Elements") != c.total || len(f.asked) != c.asked {
				t.Errorf("%d ids %v of %s with %d calls: %s", got.status, ids, got.header.Get("X-Pagination-Elements"), len(f.asked), got.body)
			}
		})
	}
}

func paginationHeaders(text string) []string {
	headers := []string{"X-Pagination-Mode", "CachedObjectList-Pages"}
	for header := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(header, "=")
		headers = append(headers, "X-Pagination-"+name, value)
	}
	return headers
}

func TestListsOfObjectsArePagedToo(t *testing.T) {
	f := newShop(t)
	got := f.ask("GET", "/1.0/shop/a/lines", "", paginationHeaders("Sort=many Size=2")...)
	if got.body != `[{"what":"cup","many":1},{"what":"jug","many":2}]` || got.header.Get("X-Pagination-Elements") != "3" {
		t.Errorf("got %s of %s", got.body, got.header.Get("X-Pagination-Elements"))
	}
}

func TestBadPages(t *testing.T) {
	for headers, want := range map[string]string{
		"Size=0":            "must be a whole number from 1 on",
		"Number=x":          "X-Pagination-Number",
		"Size=50001":        "at most 50000",
		"Sort=colour":       "have no field \"colour\", but id, color, weight",
		"Filter=colour:eq=": "no field \"colour\"",
		"Filter=color":      "field:eq=value",
		"Filter=color:is=x": "there is no comparison \"is\"",
		"Filter=id.x:eq=1":  "no field \"id.x\"",
		"Filter=a:eq=%zz":   "percent-encoded",
		"Sort=%zz":          "percent-encoded",
	} {
		got := newShop(t).ask("GET", orders, "", paginationHeaders(headers)...)
		if got.status != 400 || !strings.Contains(got.refusal(t).Message, want) {
			t.Errorf("%s: %d %s", headers, got.status, got.body)
		}
	}
}

func TestAListGivesNoObjectsThatMayNotBeRead(t *testing.T) {
	f := newShop(t)
	f.caller.Rules = []sms.AccessRule{{Method: "GET", Path: "/shop/a/orders"}}
	if got := f.ask("GET", orders, "", paginationHeaders("")...); got.status != 403 || len(f.asked) > 0 {
		t.Errorf("%d %s, asked %v", got.status, got.body, f.asked)
	}
	if got := f.ask("GET", orders, ""); got.status != 200 {
		t.Errorf("the list alone: %d %s", got.status, got.body)
	}
}

func TestObjectsOfAPageMayBeLoadedTogether(t *testing.T) {
	f := newShop(t)
	handlers := f.routes()
	key := "GET /shop/{name}/orders/{id}"
	var loads []string
	handlers[key] = withMany(handlers[key], func(_ context.Context, _ *Call, in shopOneIn, ids []int64) ([]shopOrder, error) {
		loads = append(loads, fmt.Sprint(in.Name, in.ID, ids))
		return []shopOrder{{ID: 9}}, nil
	})
	f.server = newServer(f.cfg, f.schema, handlers)
	got := f.ask("GET", orders, "", paginationHeaders("Size=3 Number=2")...)
	if !slices.Equal(loads, []string{"a0 [4 5 6]"}) || !strings.HasPrefix(got.body, `[{"id":9,`) {
		t.Errorf("loads %v, got %s", loads, got.body)
	}
}
