package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"ramier/bench/figures"
	"ramier/bench/load"
)

// External sends a load to a platform that runs already. With the address of a simulator's control API it counts there; the simulator
// must have been started with --arrivals.
func (b *Bench) External(ctx context.Context, s Scenario, door *load.OVH, control string, first int) (figures.Result, error) {
	ahead, err := clockOf(ctx, door.Endpoint)
	if err != nil {
		return figures.Result{}, err
	}
	door.Ahead = ahead
	m := &measurement{bench: b, scenario: s, door: door, first: first}
	if control != "" {
		m.operator = &operator{control: control}
	}
	r, err := m.run(ctx)
	r.Platform, r.Database = hostOf(door.Endpoint), "its own"
	if control == "" {
		r.Note = "nothing was counted behind the platform: name a simulator with --simulator"
	}
	return r, err
}

// clockOf tells how far a server's clock is ahead of this one, since signatures need its time.
func clockOf(ctx context.Context, endpoint string) (time.Duration, error) {
	body, err := get(ctx, endpoint+"/auth/time")
	if err != nil {
		return 0, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, 100))
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s/auth/time answers %q, which is no time: is this an OVH API?", endpoint, text)
	}
	ahead := time.Until(time.Unix(seconds, 0))
	if ahead.Abs() < 2*time.Second {
		return 0, nil
	}
	return ahead, nil
}

// Sandbox reads the keys of a running sandbox.
func Sandbox(ctx context.Context, address string) (door *load.OVH, control string, err error) {
	var i struct {
		Endpoint, ApplicationKey, ApplicationSecret, ConsumerKey, ServiceName, Sender string
	}
	control = strings.TrimRight(address, "/") + "/sandbox"
	if err := getJSON(ctx, control+"/info", &i); err != nil {
		return nil, "", err
	}
	if i.ServiceName == "" {
		return nil, "", errors.New(address + " is no sandbox")
	}
	door = &load.OVH{
		Endpoint: i.Endpoint, ApplicationKey: i.ApplicationKey, ApplicationSecret: i.ApplicationSecret, ConsumerKey: i.ConsumerKey,
		Service: i.ServiceName, Sender: i.Sender,
	}
	err = door.Prepare()
	return door, control, err
}
