// The folder that a command writes its results to.
#pragma once

#include <string>
#include <vector>

namespace spikeloom {

// Creates the folder and proves that a file can be written there, before any work is done. Throws UserError.
void prepare_folder(const std::string& folder);
// Held while a program writes into a folder (or a folder in it); its children hold it, too.
class FolderLock {
 public:
  // Waits a moment for the children of a program that was killed. Throws UserError when another one writes there.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

// The first value that differs between the configuration in `file` and a wanted one, in words; empty if none does.
// What lies at or below the paths of `ignored` may differ.
std::string first_difference(const std::string& file, const std::string& wanted_text,
                             const std::vector<std::string>& ignored = {});
// Throws UserError where the folder holds what another command than this one, "run" or "noc", has written: their files
// have other names, so that those of both would stay; an export; or a file under the name of the report that is none.
void refuse_results_of_others(const std::string& command, const std::string& folder);
// One line on stderr where the folder holds results of another configuration: whose, and the first difference.
void say_what_is_replaced(const std::string& folder, const std::string& resolved);
// Writes one file: beside and renamed, so that an interrupted run leaves no half file. Throws UserError.
void write_file(const std::string& folder, const std::string& name, const std::string& text);
// Removes the files of an earlier run: report.json first, so that it is there only while all others are of its run.
void remove_results(const std::string& folder);
// Removes what a run that was killed has left under the names of unfinished files.
void remove_unfinished(const std::string& folder);
// Removes a file of an earlier run, if there is one.
void remove_file(const std::string& folder, const std::string& name);
// Removes the figures of an earlier run.
void remove_figures(const std::string& folder);
// Draws the figures in a child process; whether it could. If not, one line on stderr says why and what helps: without
// Python the numbers are still there.
bool draw_figures(const std::string& folder);

}  // namespace spikeloom
