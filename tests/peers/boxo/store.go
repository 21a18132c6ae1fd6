package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/routing/http/server"
	"github.com/ipfs/boxo/routing/http/types"
	"github.com/ipfs/boxo/routing/http/types/iter"
	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"
)

// records keeps the best IPNS record of each name in memory: what boxo's
// validator takes, and its selection prefers. The gateway reads it as a value
// store, the delegated routing server as its router.
type records struct {
	lock sync.RWMutex
	best map[string][]byte // by routing key
}

var (
	_ routing.ValueStore     = (*records)(nil)
	_ server.DelegatedRouter = (*records)(nil)
)

func newRecords() *records {
	return &records{best: make(map[string][]byte)}
}

// PutValue refuses a record that is invalid or worse than the one it has.
func (s *records) PutValue(_ context.Context, key string, record []byte, _ ...routing.Option) error {
	validator := ipns.Validator{}
	if err := validator.Validate(key, record); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if current, known := s.best[key]; known && !bytes.Equal(current, record) {
		chosen, err := validator.Select(key, [][]byte{current, record})
		if err != nil {
			return err
		}
		if chosen == 0 {
			return errors.New("can't replace a newer value with an older value")
		}
	}
	s.best[key] = record
	return nil
}

func (s *records) GetValue(_ context.Context, key string, _ ...routing.Option) ([]byte, error) {
	s.lock.RLock()
	defer s.lock.RUnlock()
	if record, known := s.best[key]; known {
		return record, nil
	}
	return nil, routing.ErrNotFound
}

func (s *records) SearchValue(ctx context.Context, key string, _ ...routing.Option) (<-chan []byte, error) {
	found := make(chan []byte, 1)
	defer close(found)
	if record, err := s.GetValue(ctx, key); err == nil {
		found <- record
	}
	return found, nil
}

func (s *records) PutIPNS(ctx context.Context, name ipns.Name, record *ipns.Record) error {
	encoded, err := ipns.MarshalRecord(record)
	if err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	return s.PutValue(ctx, string(name.RoutingKey()), encoded)
}

func (s *records) GetIPNS(ctx context.Context, name ipns.Name) (*ipns.Record, error) {
	encoded, err := s.GetValue(ctx, string(name.RoutingKey()))
	if err != nil {
		return nil, err
	}
	return ipns.UnmarshalRecord(encoded)
}

// The rest of delegated routing is about peers, of which there are none.

func (s *records) FindProviders(context.Context, cid.Cid, int) (iter.ResultIter[types.Record], error) {
	return nil, routing.ErrNotSupported
}

func (s *records) ProvideBitswap(context.Context, *server.BitswapWriteProvideRequest) (time.Duration, error) {
	return 0, routing.ErrNotSupported
}

func (s *records) FindPeers(context.Context, peer.ID, int) (iter.ResultIter[*types.PeerRecord], error) {
	return nil, routing.ErrNotSupported
}

func (s *records) GetClosestPeers(context.Context, cid.Cid) (iter.ResultIter[*types.PeerRecord], error) {
	return nil, routing.ErrNotSupported
}
