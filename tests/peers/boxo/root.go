package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	"github.com/ipfs/boxo/chunker"
	"github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	"github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/sync"
	ipld "github.com/ipfs/go-ipld-format"
)

var profile = io.UnixFS_v1_2025

// newBlockstore keeps blocks in memory.
func newBlockstore() blockstore.Blockstore {
	return blockstore.NewBlockstore(sync.MutexWrap(datastore.NewMapDatastore()))
}

// roots prints the UnixFS root of each folder, hidden names included.
func roots(ctx context.Context, dirs []string) error {
	profile.ApplyGlobals()
	out := json.NewEncoder(os.Stdout)
	for _, dir := range dirs {
		blocks := newBlockstore()
		dag := merkledag.NewDAGService(blockservice.New(blocks, offline.Exchange(blocks)))
		node, err := addFolder(ctx, dag, dir)
		if err != nil {
			return err
		}
		if err := out.Encode(map[string]string{"root": node.Cid().String()}); err != nil {
			return err
		}
	}
	return nil
}

func addFolder(ctx context.Context, dag ipld.DAGService, dir string) (ipld.Node, error) {
	folder, err := io.NewDirectory(dag, io.WithCidBuilder(profile.CidBuilder()))
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		add := addFile
		if entry.IsDir() {
			add = addFolder
		}
		child, err := add(ctx, dag, filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		if err := folder.AddChild(ctx, entry.Name(), child); err != nil {
			return nil, err
		}
	}
	node, err := folder.GetNode()
	if err != nil {
		return nil, err
	}
	return node, dag.Add(ctx, node)
}

func addFile(_ context.Context, dag ipld.DAGService, file string) (ipld.Node, error) {
	content, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	params := helpers.DagBuilderParams{
		Maxlinks:   profile.FileDAGWidth,
		RawLeaves:  profile.RawLeaves,
		CidBuilder: profile.CidBuilder(),
		Dagserv:    dag,
	}
	builder, err := params.New(chunk.NewSizeSplitter(content, profile.ChunkSize))
	if err != nil {
		return nil, err
	}
	return balanced.Layout(builder)
}
