//! `tare pull`: packages without a project.

use std::fs;

use crate::shelf::Shelf;
use crate::support::Project;

fn somebody(shelf: &Shelf) -> Project {
    let person = Project::new();
    person.tare(&format!("registry add main {}", shelf.registry.url())).succeeds();
    person
}

#[test]
fn the_folder_is_printed_and_what_is_needed_comes_along() {
    let shelf = Shelf::with_family();
    let person = somebody(&shelf);
    let path = person.tare("pull lab/lora@^0.4").succeeds().stdout;
    assert!(std::path::Path::new(path.trim_end()).join("lora.bin").is_file());
    assert!(person.home().join("releases/lab/base/1.0.0/f32/f32.bin").is_file());
    assert!(!person.path().join("Tare.lock").exists());
}

#[test]
fn into_a_folder_come_files_of_ones_own() {
    let shelf = Shelf::with_family();
    let person = somebody(&shelf);
    person.tare("pull lab/base@1:q4 --to ./here").succeeds();
    let published =
        fs::read(shelf.publisher.folder("lab-base-1.0.0").path().join("q4.bin")).unwrap();
    assert_eq!(fs::read(person.path().join("here/q4.bin")).unwrap(), published);
    assert!(
        !person.path().join("here/f32.bin").exists()
            && !person.path().join("here/.tare-ok").exists()
    );

    // They may be changed, and the store does not notice.
    fs::write(person.path().join("here/q4.bin"), "mine").unwrap();
    person.tare("verify --all").succeeds();
    person
        .tare("pull lab/base@1:q4 --to ./here")
        .ends_with(2)
        .says(&["E-FOLDER-OCCUPIED", "q4.bin"]);
    assert_eq!(person.read("here/q4.bin"), "mine");
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let shelf = Shelf::with_family();
    let person = somebody(&shelf);
    person.write("thesis/thesis.tex", "years of work");
    person.tare("pull lab/base --to thesis").ends_with(2).says(&["thesis.tex"]);
    assert_eq!(person.read("thesis/thesis.tex"), "years of work");
    person
        .tare("pull lab/base lab/lora --to both")
        .ends_with(2)
        .says(&["`--to` takes the files of one package"]);
}

#[test]
fn what_cannot_be_had_is_explained() {
    let shelf = Shelf::with_family();
    let person = somebody(&shelf);
    person.tare("pull lab/base@2").ends_with(5).says(&["no version of `lab/base` matches ^2"]);
    person.tare("pull lab/base:q9").ends_with(5).says(&["q9"]);
    person.tare("pull lab/base@1@2").ends_with(2);
}
