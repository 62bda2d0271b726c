"""The models as `import minivae` offers them: with short calls for everyday use: fit, elbo, save, load ..."""

from .models import VAE, Autoencoder

__all__ = ["VAE", "Autoencoder"]
