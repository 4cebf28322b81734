package sandbox_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// giveNumber gives a virtual number to a service.
func giveNumber(t *testing.T, p *sandboxtest.Platform, number, service string) {
	t.Helper()
	if err := p.Operator.Post("/operator/virtualNumbers", object{"number": number, "serviceName": service, "carrier": "simulator"}, nil); err != nil {
		t.Fatal(err)
	}
}

// What is written to a virtual number belongs to its owner, whatever others have sent to the handset.
func TestRepliesToVirtualNumbers(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		const number, theirs, alice, bob = "+33639980300", "+33639980301", "+33639980001", "+33639980002"
		giveNumber(t, p, number, p.Info.ServiceName)
		giveNumber(t, p, theirs, p.Info.OtherServiceName)
		tree := "/virtualNumbers/" + number
		var sent sandboxtest.Report
		p.Post(tree+"/jobs", object{"message": "Votre avis ?", "receivers": []string{alice}, "tag": "avis"}, &sent)
		p.Await(sent.IDs[0], "delivered")
		// The latest message on the handset is somebody else's.
		var later sandboxtest.Report
		if err := p.Other.Post("/sms/"+p.Info.OtherServiceName+"/jobs", object{"message": "x", "receivers": []string{alice}, "sender": "Ramier", "noStopClause": true}, &later); err != nil {
			t.Fatal(err)
		}
		p.Await(later.IDs[0], "delivered")
		write := func(from, to, text string) {
			if err := p.Simulator.Reply(from, to, text); err != nil {
				t.Fatal(err)
			}
		}
		list := func(path string, want int) (ids []int64) {
			p.Until(path, func() bool {
				p.Get(path, &ids)
				return len(ids) == want
			})
			return ids
		}
		write(alice, number, "Très bien")
		list(tree+"/incoming", 1)
		write(bob, number, "Bonjour") // who was never written to
		ids := list(tree+"/incoming", 2)
		var m struct {
			ID                                     int64
			Sender, Message, Tag, CreationDatetime string
			Credits                                float64
		}
		if p.Get(fmt.Sprintf("%s/incoming/%d", tree, ids[0]), &m); m.Sender != alice || m.Message != "Très bien" || m.Tag != "avis" || m.Credits != 0 {
			t.Errorf("%+v", m)
		}
		if p.Get(fmt.Sprintf("%s/incoming/%d", tree, ids[1]), &m); m.Sender != bob || m.Message != "Bonjour" || m.Tag != "" {
			t.Errorf("%+v", m)
		}
		hour := p.Clock.Now().Add(time.Hour).Format(time.RFC3339)
		for query, want := range map[string][]int64{
			"sender=" + url.QueryEscape(bob): ids[1:], "sender=0639980001": ids[:1], "sender=": {}, "tag=avis": ids[:1], "tag=": ids[1:],
			"creationDatetime.to=" + url.QueryEscape(hour): ids, "creationDatetime.from=" + url.QueryEscape(hour): {},
		} {
			var got []int64
			if p.Get(tree+"/incoming?"+query, &got); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query, got, want)
			}
		}
		write(alice, theirs, "to the other shop")
		var others []int64
		p.Until("the other's reply", func() bool {
			if err := p.Other.Get("/sms/"+p.Info.OtherServiceName+"/virtualNumbers/"+theirs+"/incoming", &others); err != nil {
				t.Fatal(err)
			}
			return len(others) == 1
		})
		list("/incoming", 2)
		refused(t, p.OVH.Get(p.Path(fmt.Sprintf("%s/incoming/%d", tree, others[0])), &m), 404, "id")
		refused(t, p.OVH.Get(p.Path("/virtualNumbers/"+theirs+"/incoming"), &ids), 404, theirs)
		refused(t, p.Other.Delete(fmt.Sprintf("/sms/%s/virtualNumbers/%s/incoming/%d", p.Info.OtherServiceName, theirs, ids[0]), nil), 404, "id")

		write(bob, number, "STOP")
		list(tree+"/incoming", 3)
		var stopped []string
		if p.Get("/blacklists", &stopped); !slices.Equal(stopped, []string{bob}) {
			t.Errorf("blacklists %v", stopped)
		}
		p.Delete(fmt.Sprintf("%s/incoming/%d", tree, ids[0]))
		refused(t, p.OVH.Get(p.Path(fmt.Sprintf("/incoming/%d", ids[0])), &m), 404, "id")
		p.Audit()
	})
}

// Whose number a message of a user went to.
func TestWhoseNumberAUsersMessageWentTo(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "alice", -1)
		addUser(t, p, "bob", -1)
		var r sandboxtest.Report
		p.Post("/users/alice/jobs", object{"message": "x", "receivers": []string{handset}, "sender": "Ramier", "noStopClause": true}, &r)
		p.Await(r.IDs[0], "delivered")
		var mine, all struct{ Country, CountryCode, Network, Operator string }
		p.Get(fmt.Sprintf("/users/alice/outgoing/%d/hlr", r.IDs[0]), &mine)
		if p.Get(fmt.Sprintf("/outgoing/%d/hlr", r.IDs[0]), &all); mine != all || mine.CountryCode != "fr" {
			t.Errorf("%+v, by the service %+v", mine, all)
		}
		refused(t, p.OVH.Get(p.Path(fmt.Sprintf("/users/bob/outgoing/%d/hlr", r.IDs[0])), &mine), 404, "id")
	})
}
