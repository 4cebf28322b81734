package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// The last credits are spent once, whoever asks for them; what is given back is there again.
func TestLookupsSpendTheLastCredits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		before, err := s.Balance(t.Context(), shop.Service.ID)
		if err != nil {
			t.Fatal(err)
		}
		const affordable = 20
		if _, err := s.Grant(t.Context(), shop.Service.ID, affordable*sms.LookupPrice-before.Available, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		var done, refused atomic.Int64
		var wg sync.WaitGroup
		var mu sync.Mutex
		var all []sms.Lookup
		for i := range 64 {
			wg.Go(func() {
				one := []sms.Lookup{{
					ServiceID: shop.Service.ID, CarrierID: shop.Carrier.ID, Receiver: fmt.Sprintf("+336399801%02d", i), Country: "FR", Status: sms.TaskTodo,
					Credits: sms.LookupPrice,
				}}
				switch err := s.AddLookups(t.Context(), shop.Service.ID, one, storetest.Noon); sms.CodeOf(err) {
				case "":
					done.Add(1)
					mu.Lock()
					all = append(all, one...)
					mu.Unlock()
				case sms.NoCredit:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if done.Load() != affordable || refused.Load() != 64-affordable {
			t.Errorf("%d asked, %d refused", done.Load(), refused.Load())
		}
		l := all[0]
		for range 2 { // two who try to begin the same attempt
			other := l
			if taken, err := s.TakeLookup(t.Context(), &other, storetest.Noon.Add(time.Minute)); err != nil || taken != (other.Attempts == 1) {
				t.Errorf("%v %v %+v", taken, err, other)
			}
		}
		l.Status, l.Credits, l.Error = sms.TaskError, 0, "no answer"
		for range 2 { // an answer that comes twice gives back once
			if err := s.AnswerLookup(t.Context(), l, storetest.Noon, storetest.Noon); err != nil {
				t.Fatal(err)
			}
		}
		if b, err := s.Balance(t.Context(), shop.Service.ID); err != nil || b.Available != sms.LookupPrice || b.Used != (affordable-1)*sms.LookupPrice {
			t.Errorf("%+v %v", b, err)
		}
		if a := audit(t, s); len(a.Findings) > 0 {
			t.Errorf("%+v", a.Findings)
		}
	})
}

func TestContentsOfDocuments(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			s := storetest.Open(t, address)
			shop := storetest.NewShop(t, s)
			d := sms.Document{
				ID: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", AccountID: shop.Service.AccountID, Kind: sms.DocumentOfMe, Name: "a.csv", Secret: "secret",
				Tags: []sms.Tag{{Key: "k", Value: "v"}}, CreatedAt: storetest.Noon,
			}
			if err := s.AddDocument(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{0, 1, 256 << 10, 256<<10 + 1, 1 << 20} {
				content := bytes.Repeat([]byte{7}, size)
				if n, err := s.SetContent(t.Context(), d, bytes.NewReader(content), storetest.Noon); err != nil || n != int64(size) {
					t.Fatal(n, err)
				}
				now, err := s.Document(t.Context(), d.AccountID, d.ID)
				if err != nil || now.Size != int64(size) || now.Secret != "secret" || now.Tags[0].Value != "v" {
					t.Fatalf("%+v %v", now, err)
				}
				if got, err := io.ReadAll(s.Content(t.Context(), now)); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%d bytes of %d, %v", len(got), size, err)
				}
			}
			if _, err := s.SetContent(t.Context(), d, io.MultiReader(strings.NewReader(strings.Repeat("x", 300_000)), failing{}), storetest.Noon); err == nil {
				t.Error("a broken upload was taken")
			}
			old, err := s.Document(t.Context(), d.AccountID, d.ID)
			if err != nil || old.Size != 1<<20 {
				t.Fatalf("%+v %v", old, err)
			}
			if _, err := s.SetContent(t.Context(), d, strings.NewReader("new"), storetest.Noon); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(s.Content(t.Context(), old)); err == nil {
				t.Error("what was replaced can still be read")
			}
			db := behind(t, address)
			run(t, db, "INSERT INTO document_piece (upload, n, at, content) VALUES (999999999, 0, 5, 'x')") // of a node that was lost
			if err := s.DropDocuments(t.Context(), storetest.Noon); err != nil {
				t.Fatal(err)
			}
			if n := pieces(t, db); n != 1 {
				t.Errorf("%d pieces are left", n)
			}
			d.ExpiresAt = storetest.Noon.Add(time.Hour)
			if err := errors.Join(s.ChangeDocument(t.Context(), d), s.DropDocuments(t.Context(), d.ExpiresAt)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Document(t.Context(), d.AccountID, d.ID); sms.CodeOf(err) != sms.NoObject {
				t.Errorf("after its end: %v", err)
			}
		})
	}
}

func pieces(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM document_piece").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the line is cut") }

func TestAccountsHaveLimitsForDocuments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		for i := range sms.MaxDocuments + 1 {
			err := s.AddDocument(t.Context(), sms.Document{ID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), AccountID: shop.Service.AccountID, Kind: sms.DocumentOfMe, Name: "x"})
			if (i < sms.MaxDocuments) != (err == nil) {
				t.Fatalf("document %d: %v", i, err)
			}
		}
	})
}

// An import that was done before a node was lost is not done again.
func TestImportsHappenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		book := sms.Phonebook{Key: "k", ServiceID: shop.Service.ID, Name: "Clients", PhoneKey: "p", CreatedAt: storetest.Noon}
		if err := s.AddPhonebook(t.Context(), book); err != nil {
			t.Fatal(err)
		}
		k := sms.Task{ServiceID: shop.Service.ID, Function: sms.ImportPhonebook, Object: "k", DueAt: storetest.Noon, CreatedAt: storetest.Noon}
		if err := s.AddTask(t.Context(), &k); err != nil {
			t.Fatal(err)
		}
		if open, err := s.OpenTasks(t.Context(), sms.ImportPhonebook, storetest.Noon, 10); err != nil || len(open) != 1 {
			t.Fatal(open, err)
		}
		k.Status, k.Step, k.DoneAt = sms.TaskDone, sms.StepFinishing, storetest.Noon
		contacts := func(n int) []sms.Contact { return make([]sms.Contact, n) }
		if err := s.Import(t.Context(), k, contacts(3)); err != nil {
			t.Fatal(err)
		}
		if err := s.Import(t.Context(), k, contacts(3)); sms.CodeOf(err) != sms.NoObject {
			t.Errorf("a second time: %v", err)
		}
		if all, err := s.Contacts(t.Context(), "k"); err != nil || len(all) != 3 {
			t.Errorf("%d contacts, %v", len(all), err)
		}
		if err := s.AddContacts(t.Context(), shop.Service.ID, "k", contacts(sms.MaxContacts-2)); sms.CodeOf(err) != sms.TooLarge {
			t.Errorf("too many: %v", err)
		}
	})
}
