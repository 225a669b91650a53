//! What people, apps and other programs ask of a node.

mod answers;
mod backup;
mod command_line;
mod full_disk;
mod hostile_files;
mod names;
mod people;
mod restart;
mod uploads;
mod walk;
