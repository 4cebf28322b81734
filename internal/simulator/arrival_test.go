package simulator_test

import (
	"encoding/binary"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

func TestArrivalsAreNotedUpToTheirNumber(t *testing.T) {
	o := start(t, simulator.Options{Arrivals: 5000, Keep: 10})
	c := o.bind()
	for i := range 5001 {
		number := "+3361200" + string([]byte{'0' + byte(i/1000), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)})
		c.Send(t.Context(), to(number, "Bonjour"), func(smpp.Answer) {})
	}
	o.until("all messages", func(s simulator.Status) bool { return s.Accepted == 5001 })
	if n := o.Status().Arrivals; n != 5000 {
		t.Errorf("%d arrivals are noted, want 5000", n)
	}
	all := o.Arrivals(0)
	want := simulator.Arrival{Message: simulator.ArrivalHash("+33612000000", "Bonjour"), At: noon.UnixMicro()}
	if len(all) != 5000 || all[0] != want {
		t.Fatalf("%d arrivals, the first is %v, want %v", len(all), all[0], want)
	}
	rest := o.Arrivals(4095)
	if len(rest) != 905 || rest[0] != all[4095] || len(o.Arrivals(5000)) != 0 {
		t.Errorf("from the 4,095th on there are %d", len(rest))
	}
	answer := httptest.NewRecorder()
	o.Control().ServeHTTP(answer, httptest.NewRequest("GET", "/arrivals?after=4999", nil))
	body, _ := io.ReadAll(answer.Body)
	if len(body) != simulator.ArrivalSize || binary.BigEndian.Uint64(body) != all[4999].Message || binary.BigEndian.Uint64(body[8:]) != uint64(noon.UnixMicro()) {
		t.Errorf("the control API answers %x", body)
	}
	answer = httptest.NewRecorder()
	o.Control().ServeHTTP(answer, httptest.NewRequest("GET", "/arrivals?after=x", nil))
	if answer.Code != 400 || !strings.Contains(answer.Body.String(), "after") {
		t.Errorf("after=x: %d %s", answer.Code, answer.Body)
	}
	o.Reset()
	if len(o.Arrivals(0)) != 0 {
		t.Error("a reset leaves arrivals")
	}
}

func TestArrivalHashTellsReceiverFromText(t *testing.T) {
	if simulator.ArrivalHash("+331", "2") == simulator.ArrivalHash("+33", "12") {
		t.Error("the border between receiver and text does not count")
	}
}

func TestALongMessageArrivesOnce(t *testing.T) {
	o := start(t, simulator.Options{Arrivals: 10})
	c := o.bind()
	for seq := byte(1); seq <= 2; seq++ {
		m := to("+33612000000", "")
		m.ESMClass, m.ShortMessage = smpp.ESMUDHI, append([]byte{5, 0, 3, 7, 2, seq}, "half"...)
		c.Send(t.Context(), m, func(smpp.Answer) {})
	}
	o.until("both parts", func(s simulator.Status) bool { return s.Accepted == 2 })
	if all := o.Arrivals(0); len(all) != 1 || all[0].Message != simulator.ArrivalHash("+33612000000", "halfhalf") {
		t.Errorf("arrivals %v", all)
	}
}
