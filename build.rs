//! Finds the recogniser's library, and says how to get it where it is missing.
//!
//! Promises: links what pkg-config names.
//! Never: downloads or compiles anything.

fn main() {
    match pkg_config::Config::new().cargo_metadata(false).probe("pocketsphinx") {
        Ok(library) => {
            for path in &library.link_paths {
                println!("cargo:rustc-link-search=native={}", path.display());
            }
            // The package names an audio driver's library too, which nobody here calls.
            for name in library.libs.iter().filter(|name| *name != "sphinxad") {
                println!("cargo:rustc-link-lib={name}");
            }
        }
        Err(error) => panic!(
            "PocketSphinx is missing. On Debian and Ubuntu:\n\n    apt-get install -y libpocketsphinx-dev \
             pocketsphinx-en-us flite espeak-ng pkg-config\n\n{error}"
        ),
    }
}
