package simulator

import "container/list"

// recent is a map that forgets its oldest entries when it is full.
type recent[K comparable, V any] struct {
	room    int
	entries map[K]*list.Element
	order   *list.List
}

type recentEntry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](room int) recent[K, V] {
	return recent[K, V]{room, map[K]*list.Element{}, list.New()}
}

func (r *recent[K, V]) get(key K) (v V, ok bool) {
	e, ok := r.entries[key]
	if ok {
		v = e.Value.(*recentEntry[K, V]).value
	}
	return v, ok
}

func (r *recent[K, V]) put(key K, v V) {
	if e, ok := r.entries[key]; ok {
		e.Value.(*recentEntry[K, V]).value = v
		return
	}
	if len(r.entries) >= r.room {
		r.drop(r.order.Front().Value.(*recentEntry[K, V]).key)
	}
	r.entries[key] = r.order.PushBack(&recentEntry[K, V]{key, v})
}

func (r *recent[K, V]) drop(key K) {
	if e, ok := r.entries[key]; ok {
		r.order.Remove(e)
		delete(r.entries, key)
	}
}

func (r *recent[K, V]) clear() {
	clear(r.entries)
	r.order.Init()
}
