import Foundation

/// What is said beside a command's result, so that results can be piped.
enum StandardError {
    static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// Lines of a command that goes on and on: each is out at once, also into a pipe or a file.
enum StandardOutput {
    static func write(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
