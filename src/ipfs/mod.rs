//! IPFS: UnixFS packing and reading, CAR files, uploads.

mod block;
mod car;
mod car_blocks;
mod car_index;
mod car_places;
mod hash;
mod layers;
mod reader;
mod reader_file;
mod reader_node;
mod reader_shards;
mod reader_walk;
mod scratch;
mod tree_budget;
mod tree_files;
mod unixfs;
mod unixfs_ahead;
mod unixfs_directory;
mod unixfs_edit;
mod unixfs_files;
mod unixfs_folder;
pub mod upload;

pub use block::{
    BlockError, BlockSink, BlockSource, DAG_PB, MAX_BLOCK_BYTES, MemoryBlocks, RAW, sha256_cid,
    verify_block,
};
pub use car::{CarError, CarReader, CarWriter};
pub use car_blocks::CarBlocks;
pub use car_index::{CarFileIndex, CarIndex};
pub(crate) use car_places::{CarLayout, CarPlaces, ROW_BYTES};
pub(crate) use layers::{AnyOf, FirstOf, Sound};
pub use reader::{Entry, Kind, ReadError, Resolved, list, resolve};
pub use reader_file::{FileParts, read_file};
pub use reader_shards::{ThreeLinks, unlike_in_shards};
pub use reader_walk::{Met, Walk, check_complete, check_complete_beyond, walk_paths};
pub use scratch::ScratchBlocks;
pub use tree_budget::{BLOCK_OVERHEAD, OverBudget, TreeBudget, TreeLimits};
pub(crate) use tree_files::{Content, MAX_FILE_BYTES, OpenTreeError, Tree, fingerprint};
pub(crate) use unixfs::CHUNK_BYTES;
pub(crate) use unixfs::{Link, Node, Packer, leaf};
pub use unixfs::{PackError, Packed};
#[cfg(test)]
pub(crate) use unixfs_edit::cases as edit_cases;
pub(crate) use unixfs_edit::{At, by_name};
pub use unixfs_edit::{EditError, Edits, edit_tree};
pub use unixfs_files::pack_files;
pub use unixfs_folder::{ROOT_FOLDER, pack_directory, pack_well_known};
