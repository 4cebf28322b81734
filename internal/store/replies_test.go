package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// talk opens a conversation between the shop and alice's handset.
func talk(t *testing.T, s *store.Store, shop storetest.Shop) int64 {
	t.Helper()
	o := storetest.Order("Votre avis ?", alice)
	o.Sender, o.ForResponse, o.Tag = "", true, "avis"
	id := shop.Accept(t, s, o, storetest.Noon)
	c := claimAll(t, s, shop, 1, storetest.Noon)
	settle(t, s, sent(c, shop, "r"))
	return id
}

// parts cuts a reply as a handset does.
func parts(t *testing.T, shop storetest.Shop, text string, ref int) []sms.Incoming {
	t.Helper()
	var split gsm.Splitter
	alphabet, octets, err := split.Split(text, gsm.GSM7, gsm.Header8)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]sms.Incoming, len(octets))
	for i, o := range octets {
		all[i] = sms.Incoming{CarrierID: shop.Carrier.ID, Sender: alice, Number: "38000", At: storetest.Noon.Add(time.Duration(i) * time.Second), Part: sms.IncomingPart{
			Ref: ref, Total: len(octets), Place: i + 1, Coding: alphabet.DataCoding(), Octets: slices.Clone(o),
		}}
	}
	return all
}

// texts lists what the shop has received.
func received(t *testing.T, s *store.Store, shop storetest.Shop) (all []string) {
	t.Helper()
	ids, err := s.Incoming(t.Context(), shop.Service.ID, store.IncomingFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		m, err := s.IncomingMessage(t.Context(), shop.Service.ID, id)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m.Text)
	}
	return all
}

// owed lists what the shop is owed, as event and endpoint's setting or what is sent.
func owed(t *testing.T, s *store.Store, shop storetest.Shop) (all []string) {
	t.Helper()
	ds, err := s.Deliveries(t.Context(), shop.Service.ID, store.DeliveryFilter{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		to := d.Endpoint.Setting()
		if d.Notice.Kind == sms.NoticeAnswer {
			to = d.Notice.Receiver + " " + d.Notice.Sender + ": " + d.Notice.Text
		}
		all = append(all, d.Event+" "+to)
	}
	return all
}

func change(t *testing.T, s *store.Store, shop storetest.Shop, f func(*sms.Settings)) {
	t.Helper()
	if err := s.ChangeService(t.Context(), shop.Service.Name, func(v *sms.Service) error { f(&v.Settings); return nil }); err != nil {
		t.Fatal(err)
	}
}

// Parts come in any order, some of them twice, in one group or in several, in lives of the program that follow each other, and of
// several messages at once.
func TestPartsOfAReplyBecomeOne(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			s, err := store.Open(t.Context(), address, storetest.Options())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { s.Close() }()
			shop := storetest.NewShop(t, s)
			talk(t, s, shop)
			random := rand.New(rand.NewPCG(1, 2))
			var want []string
			for round := range 20 {
				var all []sms.Incoming
				for ref := range 2 {
					text := strings.Repeat(fmt.Sprintf("%d/%d déjà {€} ", round, ref), 20)
					if ref == 1 {
						text = strings.Repeat(fmt.Sprintf("%d/%d 😀 ", round, ref), 20)
					}
					want = append(want, text)
					all = append(all, parts(t, shop, text, 2*round+ref)...)
				}
				all = append(all, all[random.IntN(len(all))], all[random.IntN(len(all))])
				random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				for len(all) > 0 {
					n := 1 + random.IntN(len(all))
					settle(t, s, &store.Outcome{Incoming: all[:n]})
					all = all[n:]
					if random.IntN(8) == 0 {
						if err := s.Close(); err != nil {
							t.Fatal(err)
						}
						if s, err = store.Open(t.Context(), address, storetest.Options()); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			got := received(t, s, shop)
			slices.Sort(got)
			slices.Sort(want)
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("a reply is %q, want %q", got[i], want[i])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d replies, want %d", len(got), len(want))
			}
		})
	}
}

func TestAReplyWithoutAllItsPartsComesAfterAWhile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		talk(t, s, shop)
		all := parts(t, shop, strings.Repeat("a", 153)+strings.Repeat("b", 153)+strings.Repeat("c", 153)+"d", 1)
		settle(t, s, &store.Outcome{Incoming: []sms.Incoming{all[2], all[0]}})
		for _, minutes := range []int{29, 31, 32} {
			if err := s.FlushParts(t.Context(), storetest.Noon.Add(time.Duration(minutes)*time.Minute+5*time.Second)); err != nil {
				t.Fatal(err)
			}
			if got := received(t, s, shop); (minutes < 30) != (len(got) == 0) {
				t.Errorf("after %d minutes %q", minutes, got)
			}
		}
		want := strings.Repeat("a", 153) + sms.Gap + strings.Repeat("c", 153) + sms.Gap
		if got := received(t, s, shop); len(got) != 1 || got[0] != want {
			t.Errorf("%q", got)
		}
		// The handset uses the reference for another message: the first part differs.
		next := parts(t, shop, strings.Repeat("x", 400)+strings.Repeat("y", 100), 1)
		settle(t, s, &store.Outcome{Incoming: next})
		if got := received(t, s, shop); len(got) != 2 || !strings.HasPrefix(got[1], "xxx") {
			t.Errorf("%q", got)
		}
	})
}

// Parts are known for an hour: after that the same words with the same reference are a new reply.
func TestTheSamePartsLaterAreANewReply(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		talk(t, s, shop)
		for _, later := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {59 * time.Minute, 1}, {61 * time.Minute, 2}} {
			all := parts(t, shop, strings.Repeat("oui ", 60), 7)
			for i := range all {
				all[i].At = all[i].At.Add(later.after)
			}
			settle(t, s, &store.Outcome{Incoming: all})
			if got := received(t, s, shop); len(got) != later.want {
				t.Errorf("after %v there are %d replies, want %d", later.after, len(got), later.want)
			}
		}
	})
}

// A large replay goes in portions and leaves none out.
func TestManyDeliveriesAreReplayed(t *testing.T) {
	const many = 4100
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		talk(t, s, shop)
		change(t, s, shop, func(v *sms.Settings) { v.ResponseType, v.ResponseCgiURL = "cgi", "https://shop.example/in" })
		all := make([]sms.Incoming, many)
		for i := range all {
			all[i] = sms.Incoming{CarrierID: shop.Carrier.ID, Sender: alice, Number: "38000", Text: fmt.Sprint("r", i), Parts: 1, At: storetest.Noon}
		}
		settle(t, s, &store.Outcome{Incoming: all})
		ds, err := s.Deliveries(t.Context(), shop.Service.ID, store.DeliveryFilter{}, many+1)
		if err != nil || len(ds) != many {
			t.Fatal(len(ds), err)
		}
		for i := range ds {
			ds[i].State, ds[i].Attempts, ds[i].DoneAt = sms.DeliveryDelivered, 1, storetest.Noon
		}
		if err := s.SettleDeliveries(t.Context(), ds[1:]); err != nil { // the first still waits
			t.Fatal(err)
		}
		for i, want := range []int64{many - 1, 0} {
			n, err := s.Replay(t.Context(), shop.Service.ID, 0, store.DeliveryFilter{From: storetest.Noon.Add(-time.Hour)}, storetest.Noon.Add(time.Minute))
			if err != nil || n != want {
				t.Errorf("replay %d: %d, %v", i, n, err)
			}
		}
		waiting, err := s.Deliveries(t.Context(), shop.Service.ID, store.DeliveryFilter{State: sms.DeliveryWaiting}, many+1)
		if err != nil || len(waiting) != many || waiting[0].Replays != 0 || waiting[many-1].Replays != 1 {
			t.Errorf("%d wait, %v", len(waiting), err)
		}
	})
}

func TestWhatARepliesServiceOwes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		talk(t, s, shop)
		say := func(text string) {
			t.Helper()
			settle(t, s, &store.Outcome{Incoming: []sms.Incoming{{CarrierID: shop.Carrier.ID, Sender: alice, Number: "38000", Text: text, At: storetest.Noon}}})
		}
		var before int
		want := func(expected ...string) {
			t.Helper()
			got := owed(t, s, shop)
			if !slices.Equal(got[before:], expected) {
				t.Errorf("owed %q, want %q", got[before:], expected)
			}
			before = len(got)
		}
		say("nobody is told")
		want()
		wantBalance(t, s, shop, 98_000, 0, 2_000) // the message and the reply
		change(t, s, shop, func(v *sms.Settings) {
			v.ResponseType, v.ResponseText, v.StopCallBack = "text", "Merci, à bientôt", "https://shop.example/stop"
			v.ResponseTracking = []sms.Tracking{{Media: "sms", Target: "+33639980099"}, {Media: "email", Target: "shop@shop.example"}}
			v.ResponseTrackingSender = "Ramier"
		})
		say("Oui")
		want("answer "+alice+" : Merci, à bientôt", "answer +33639980099 Ramier: "+alice+": Oui")
		for _, k := range []sms.KeywordRule{
			{Word: "prix", Answer: "12 euros", Tag: "tarif"},
			{Word: "fini", Opt: sms.OptKeywordOut},
			{Word: "revenir", Opt: sms.OptKeywordIn, Answer: "Bon retour"},
			{Word: "url", URL: "https://shop.example/url"},
		} {
			k.ServiceID, k.CreatedAt = shop.Service.ID, storetest.Noon
			if err := s.AddKeyword(t.Context(), &k); err != nil {
				t.Fatal(err)
			}
		}
		change(t, s, shop, func(v *sms.Settings) {
			v.ResponseType, v.ResponseCgiURL, v.ResponseTracking = "cgi", "https://shop.example/cgi", nil
		})
		say("PRIX ? merci")
		want("reply.received cgiUrl", "answer "+alice+" : 12 euros")
		if m := received(t, s, shop); len(m) != 3 {
			t.Error(m)
		}
		tag := "tarif"
		if ids, err := s.Incoming(t.Context(), shop.Service.ID, store.IncomingFilter{Tag: &tag, Number: "38000"}); err != nil || len(ids) != 1 {
			t.Error(ids, err)
		}
		say("Url")
		want("reply.received cgiUrl", "reply.received ")
		say("Fini !")
		want("reply.received cgiUrl", "optout.added stopCallBack", "answer "+alice+" : "+shop.Service.Confirmation())
		say("STOP")
		want("reply.received cgiUrl") // it was no news
		say("revenir")
		want("reply.received cgiUrl", "answer "+alice+" : Bon retour")
		if all, err := s.OptOuts(t.Context(), shop.Service.ID, 0); err != nil || len(all) != 0 {
			t.Error(all, err)
		}
		change(t, s, shop, func(v *sms.Settings) { v.StopConfirmation = sms.NoConfirmation })
		say("stop")
		want("reply.received cgiUrl", "optout.added stopCallBack")
		wantBalance(t, s, shop, 95_000, 0, 5_000) // those that opt out or in are free
		a, err := s.Audit(t.Context())
		if err != nil || len(a.Findings) > 0 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// A rule for a word that stops is passed over; the same words again within ten minutes are marked, since the operator may have repeated them.
func TestNoRuleStandsInTheWayOfASTOP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		talk(t, s, shop)
		change(t, s, shop, func(v *sms.Settings) { v.ResponseType, v.ResponseCgiURL = "cgi", "https://shop.example/cgi" })
		rule := sms.KeywordRule{ServiceID: shop.Service.ID, Word: "stop", Answer: "Non", Opt: sms.OptKeywordIn, CreatedAt: storetest.Noon}
		if err := s.AddKeyword(t.Context(), &rule); err != nil {
			t.Fatal(err)
		}
		for i, minutes := range []int{0, 9, 20} {
			settle(t, s, &store.Outcome{Incoming: []sms.Incoming{{
				CarrierID: shop.Carrier.ID, Sender: alice, Number: "38000", Text: "Stop", At: storetest.Noon.Add(time.Duration(minutes) * time.Minute),
			}}})
			ds, err := s.Deliveries(t.Context(), shop.Service.ID, store.DeliveryFilter{Endpoint: sms.CgiURLOf(shop.Service.ID)}, 10)
			if err != nil || len(ds) != i+1 || ds[i].Notice.Duplicate != (minutes == 9) || ds[i].Notice.Keyword != "" {
				t.Errorf("after %d minutes: %+v, %v", minutes, ds, err)
			}
		}
		if all, err := s.OptOuts(t.Context(), shop.Service.ID, 0); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
	})
}

// A reply is kept when nothing is left to pay it with.
func TestAReplyIsKeptWithoutCredits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		talk(t, s, shop)
		if _, err := s.Grant(t.Context(), shop.Service.ID, -99*sms.Credit, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		settle(t, s, &store.Outcome{Incoming: parts(t, shop, strings.Repeat("x", 200), 1)})
		if got := received(t, s, shop); len(got) != 1 {
			t.Error(got)
		}
		wantBalance(t, s, shop, 0, 0, 1_000)
	})
}
