package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is that of C2SP tiles: 256 hashes.
const tileHeight = 8

// hashes are those that Go keeps of a log, in memory.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = h[index]
	}
	return found, nil
}

func hashesOf(entries [][]byte) (hashes, error) {
	var all hashes
	for i, entry := range entries {
		next, err := tlog.StoredHashes(int64(i), entry, all)
		if err != nil {
			return nil, err
		}
		all = append(all, next...)
	}
	return all, nil
}

// folder is a log as files.
type folder string

func (f folder) Height() int                         { return tileHeight }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) read(tile tlog.Tile) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), path(tile)))
}
func (f folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		bytes, err := f.read(tile)
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// path is the C2SP path of a tile; that of the package is an older one. Level -1 are the entries.
func path(tile tlog.Tile) string {
	level := strconv.Itoa(tile.L)
	if tile.L < 0 {
		level = "entries"
	}
	number := fmt.Sprintf("%03d", tile.N%1000)
	for rest := tile.N / 1000; rest > 0; rest /= 1000 {
		number = fmt.Sprintf("x%03d/%s", rest%1000, number)
	}
	if tile.W < 1<<tileHeight {
		number += fmt.Sprintf(".p/%d", tile.W)
	}
	return "tile/" + level + "/" + number
}

// tilesOf are the tiles of a log. The package's own list has partial tiles of every size on the way.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level, hashes := 0, size; hashes > 0; level, hashes = level+1, hashes>>tileHeight {
		for n := int64(0); n < hashes; n += 1 << tileHeight {
			width := int64(1 << tileHeight)
			if hashes-n < width {
				width = hashes - n
			}
			tiles = append(tiles, tlog.Tile{H: tileHeight, L: level, N: n >> tileHeight, W: int(width)})
		}
	}
	return tiles
}

// entries reads the bundles.
func (f folder) entries(size int64) ([][]byte, error) {
	var entries [][]byte
	for start := int64(0); start < size; start += 1 << tileHeight {
		width := size - start
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		rest, err := f.read(tlog.Tile{H: tileHeight, L: -1, N: start >> tileHeight, W: int(width)})
		if err != nil {
			return nil, err
		}
		for ; len(rest) > 0; width-- {
			length := binary.BigEndian.Uint16(rest)
			entries = append(entries, rest[2:2+length])
			rest = rest[2+length:]
		}
		if width != 0 {
			return nil, fmt.Errorf("bundle of entry %d has another width", start)
		}
	}
	return entries, nil
}

// logCommand derives the tree from the entries alone, compares all tiles with it, and then proves a hundred entries and
// earlier sizes from the tiles.
func logCommand(args []string) error {
	files := folder(args[0])
	size, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	entries, err := files.entries(size)
	if err != nil {
		return err
	}
	known, err := hashesOf(entries)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(size, known)
	if err != nil {
		return err
	}
	if err := compareTiles(files, size, known); err != nil {
		return err
	}
	if err := proveFromTiles(files, tlog.Tree{N: size, Hash: root}, entries); err != nil {
		return err
	}
	fmt.Println(root, len(tilesOf(size)))
	return nil
}

func compareTiles(files folder, size int64, known hashes) error {
	for _, tile := range tilesOf(size) {
		expected, err := tlog.ReadTileData(tile, known)
		if err != nil {
			return err
		}
		found, err := files.read(tile)
		if err != nil {
			return err
		}
		if !bytes.Equal(found, expected) {
			return fmt.Errorf("%s has other hashes", path(tile))
		}
	}
	return nil
}

func proveFromTiles(files folder, tree tlog.Tree, entries [][]byte) error {
	reader := tlog.TileHashReader(tree, files)
	for i := int64(0); i < tree.N; i += tree.N/100 + 1 {
		proof, err := tlog.ProveRecord(tree.N, i, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(entries[i])); err != nil {
			return err
		}
		old, err := tlog.TreeHash(i+1, reader)
		if err != nil {
			return err
		}
		consistency, err := tlog.ProveTree(tree.N, i+1, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(consistency, tree.N, tree.Hash, i+1, old); err != nil {
			return err
		}
	}
	return nil
}

// checkCommand answers `ok` or `no` to each line on standard input:
//
//	inclusion INDEX LEAF SIZE ROOT HASH...
//	consistency SIZE ROOT NEWSIZE NEWROOT HASH...
func checkCommand([]string) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		var numbers [2]int64
		var all []tlog.Hash
		for i, word := range words[1:] {
			if i == 0 || i == 2 {
				number, err := strconv.ParseInt(word, 10, 64)
				if err != nil {
					return err
				}
				numbers[i/2] = number
				continue
			}
			hash, err := tlog.ParseHash(word)
			if err != nil {
				return err
			}
			all = append(all, hash)
		}
		var err error
		if words[0] == "inclusion" {
			err = tlog.CheckRecord(all[2:], numbers[1], all[1], numbers[0], all[0])
		} else {
			err = tlog.CheckTree(all[2:], numbers[1], all[1], numbers[0], all[0])
		}
		if err == nil {
			fmt.Println("ok")
		} else {
			fmt.Println("no")
		}
	}
	return lines.Err()
}

// treeCommand prints spec/vectors/log/tree.txt.
func treeCommand([]string) error {
	var entries [][]byte
	for i := 0; i < 70000; i++ {
		entries = append(entries, []byte(fmt.Sprintf("e%d", i)))
	}
	known, err := hashesOf(entries)
	if err != nil {
		return err
	}
	fmt.Println("# Logs of the entries e0, e1, e2, ... as golang.org/x/mod/sumdb/tlog has them.")
	fmt.Println("# root SIZE HASH; inclusion SIZE INDEX HASH...; consistency SIZE OLDSIZE HASH...; tile SIZE PATH SHA256")
	for _, size := range []int64{0, 1, 2, 3, 7, 255, 256, 257, 65535, 65536, 70000} {
		root, err := tlog.TreeHash(size, known)
		if err != nil {
			return err
		}
		// This version of the package has zeros for a log without entries.
		if size == 0 {
			root = sha256.Sum256(nil)
		}
		fmt.Println("root", size, root)
		if err := printProofs(size, known); err != nil {
			return err
		}
		if err := printTiles(size, known); err != nil {
			return err
		}
	}
	return nil
}

// printTiles prints all tiles but most of the full ones at the bottom.
func printTiles(size int64, known hashes) error {
	for i, tile := range tilesOf(size) {
		if i%97 != 0 && tile.W == 1<<tileHeight && tile.L == 0 {
			continue
		}
		data, err := tlog.ReadTileData(tile, known)
		if err != nil {
			return err
		}
		fmt.Printf("tile %d %s %x\n", size, path(tile), sha256.Sum256(data))
	}
	return nil
}

func printProofs(size int64, known hashes) error {
	for _, index := range []int64{0, 2, 254, 255, 256, 40000, 65535, 65536, 69999} {
		if index >= size {
			break
		}
		proof, err := tlog.ProveRecord(size, index, known)
		if err != nil {
			return err
		}
		fmt.Println(line("inclusion", size, index, proof))
		consistency, err := tlog.ProveTree(size, index+1, known)
		if err != nil {
			return err
		}
		fmt.Println(line("consistency", size, index+1, consistency))
	}
	return nil
}

func line(kind string, size, other int64, hashes []tlog.Hash) string {
	text := fmt.Sprint(kind, " ", size, " ", other)
	for _, hash := range hashes {
		text += " " + hash.String()
	}
	return text
}
