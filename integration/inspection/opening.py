"""Opening a checkpoint: a hub id, a folder of safetensors, or a GGUF file."""

from __future__ import annotations

from pathlib import Path

from pruneproof.integration.inspection.source import Source


def open_checkpoint(name: str, what: str = "checkpoint") -> Source:
    """A checkpoint's tensors, whose numbers are not read yet.

    Args:
        name: hub id, folder or GGUF file.
        what: what an error calls it.

    Raises:
        ValueError: damaged or foreign files, or a format that is not read.
        OSError: there is no such thing.
    """
    if not name:
        raise ValueError(
            f"{what}: must be a hub id, a folder of safetensors or a GGUF file, got ''"
        )
    path = Path(name)
    if name.endswith(".gguf"):
        from pruneproof.integration.inspection.of_gguf import open_gguf

        return open_gguf(name, path)
    from pruneproof.integration.inspection.of_safetensors import open_folder

    if path.is_dir():
        return open_folder(name, path)
    if path.is_file():
        raise ValueError(
            f"{what}: {name} is a file, must be a hub id, a folder of safetensors or a GGUF file"
        )
    # A hub id is `owner/model`; anything else is meant as a path.
    if name[:1] in "/.~" or name.count("/") > 1 or "\0" in name:
        raise FileNotFoundError(f"{what}: there is no {name}")
    return open_folder(name, _fetched(name, what))


def _fetched(name: str, what: str) -> Path:
    from huggingface_hub import snapshot_download

    from pruneproof.integration.errors import is_out_of_memory
    from pruneproof.reporting.printable import one_line

    try:
        return Path(snapshot_download(name, allow_patterns=["*.safetensors", "*.json"]))
    # Its libraries for HTTP differ between versions, and so do their errors.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise OSError(
            f"{what}: there is no folder {name}, and the hub does not give it; name a folder, a "
            f"GGUF file or a model of the hub ({one_line(error, 200)})"
        ) from error
