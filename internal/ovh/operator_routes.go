package ovh

import (
	"context"
	"errors"
	"regexp"

	"ramier/internal/sms"
)

func (a *API) listRoutes(ctx context.Context, _ *Call, _ getOperatorRoutesIn) ([]int64, error) {
	all, err := a.store.Routes(ctx)
	ids := make([]int64, len(all))
	for i, r := range all {
		ids[i] = r.ID
	}
	return ids, err
}

func (a *API) addRoute(ctx context.Context, _ *Call, in postOperatorRoutesIn) (operatorRoute, error) {
	b := in.Body
	if b.Carrier == nil {
		return operatorRoute{}, sms.Errorf(sms.Invalid, "carrier is missing: name the carrier that the route leads to")
	}
	r := sms.Route{Enabled: true}
	if b.Position == nil {
		all, err := a.store.Routes(ctx)
		if err != nil {
			return operatorRoute{}, err
		}
		r.Position = 10
		if len(all) > 0 {
			r.Position += all[len(all)-1].Position
		}
	}
	if err := a.changeRoute(ctx, &r, b); err != nil {
		return operatorRoute{}, err
	}
	err := a.store.AddRoute(ctx, &r)
	return newOperatorRoute(r, *b.Carrier), err
}

func newOperatorRoute(r sms.Route, carrier string) operatorRoute {
	return operatorRoute{
		Carrier: carrier, Country: orNull(r.Country), Description: r.Description, Enabled: r.Enabled, ID: r.ID, Position: r.Position,
		Prefix: orNull(r.Prefix), Sender: orNull(r.Sender), ServiceName: orNull(r.Service), Tag: orNull(r.Tag),
	}
}

// route finds a route.
func (a *API) route(ctx context.Context, id int64) (sms.Route, error) {
	all, err := a.store.Routes(ctx)
	if err != nil {
		return sms.Route{}, err
	}
	for _, r := range all {
		if r.ID == id {
			return r, nil
		}
	}
	return sms.Route{}, sms.Errorf(sms.NoObject, "The requested object (id = %d) does not exist", id)
}

// carrierNames gives the names of the carriers by their ids.
func (a *API) carrierNames(ctx context.Context) (map[int64]string, error) {
	all, err := a.store.Carriers(ctx)
	names := make(map[int64]string, len(all))
	for _, c := range all {
		names[c.ID] = c.Name
	}
	return names, err
}

func (a *API) showRoute(ctx context.Context, _ *Call, in getOperatorRoutesIDIn) (operatorRoute, error) {
	r, err := a.route(ctx, in.ID)
	if err != nil {
		return operatorRoute{}, err
	}
	names, err := a.carrierNames(ctx)
	return newOperatorRoute(r, names[r.CarrierID]), err
}

func (a *API) setRoute(ctx context.Context, _ *Call, in putOperatorRoutesIDIn) (void, error) {
	r, err := a.route(ctx, in.ID)
	if err != nil {
		return void{}, err
	}
	if err := a.changeRoute(ctx, &r, in.Body); err != nil {
		return void{}, err
	}
	return void{}, a.store.UpdateRoute(ctx, r)
}

var routePrefix = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)

// changeRoute sets what the request names and leaves the rest.
func (a *API) changeRoute(ctx context.Context, r *sms.Route, b operatorRouteBody) error {
	if v := b.Carrier; v != nil {
		carrier, err := a.store.Carrier(ctx, *v)
		if err != nil {
			return referTo(err, "carrier", *v, "/operator/carriers")
		}
		r.CarrierID = carrier.ID
	}
	if v := b.Position; v != nil {
		if err := within("position", *v, 0, 1<<31); err != nil {
			return err
		}
		r.Position = *v
	}
	if v := b.Description; v != nil {
		if err := checkText("description", *v); err != nil {
			return err
		}
		r.Description = *v
	}
	if v := b.Enabled; v != nil {
		r.Enabled = *v
	}
	return a.changeConditions(ctx, r, b)
}

// changeConditions sets which messages fit; empty and null fit all.
func (a *API) changeConditions(ctx context.Context, r *sms.Route, b operatorRouteBody) error {
	country := b.Country
	if v := country.Value; v != nil && *v != "" {
		code, err := checkCountry("country", *v)
		if err != nil {
			return err
		}
		country.Value = &code
	}
	if v := b.Prefix.Value; v != nil && *v != "" && !routePrefix.MatchString(*v) {
		return sms.Errorf(sms.Invalid, "prefix = %q is not the beginning of a number: write + and digits, like +3376", *v)
	}
	if v := b.ServiceName.Value; v != nil && *v != "" {
		if _, err := a.store.Service(ctx, *v); err != nil {
			return referTo(err, "serviceName", *v, "/operator/services")
		}
	}
	return errors.Join(
		setText(&r.Country, country, "country", maxText),
		setText(&r.Prefix, b.Prefix, "prefix", maxText),
		setText(&r.Service, b.ServiceName, "serviceName", maxText),
		setText(&r.Sender, b.Sender, "sender", maxText),
		setText(&r.Tag, b.Tag, "tag", maxText),
	)
}

func (a *API) removeRoute(ctx context.Context, _ *Call, in deleteOperatorRoutesIDIn) (void, error) {
	return void{}, a.store.DeleteRoute(ctx, in.ID)
}
