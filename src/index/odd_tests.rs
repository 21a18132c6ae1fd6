//! Indexes that nobody writes: nothing is believed of them that a walk does not find.

use super::*;

#[test]
fn an_index_of_what_is_no_tree_is_made_anew() {
    let scene = Scene::new(&[(".well-known/a", b"1")]);
    let (root, tree) = (scene.root(), scene.kept());
    let others = [
        ("phases", tree::Item::Folder(tree::Folder::default())),
        ("a", tree::Item::Folder(tree::Folder::default())),
        ("root", tree::Item::File(File::default())),
    ];
    for (name, item) in others {
        let mut other = tree.clone();
        let place = other.top.place(name).unwrap_err();
        other.top.entries.insert(place, tree::Entry { name: name.into(), item });
        scene.keep(&other);
        assert_eq!((scene.unknown(), scene.root(), scene.unknown()), (1, root, 0), "{name}");
    }
}

/// Where a folder has a CID, and a file in it none: it is read, whatever wrote that.
#[test]
fn a_file_that_is_not_known_is_read_though_its_folder_is_known() {
    let scene = Scene::new(&[(".well-known/a/b", b"1"), (".well-known/a/c", b"2")]);
    tick();
    let (root, mut tree) = (scene.root(), scene.kept());
    tree.files(".well-known")[0].file.node = None;
    scene.keep(&tree);
    assert_eq!((scene.unknown(), scene.root(), scene.unknown()), (1, root, 0));
}
