"""Sources of pictures and sound, and what shows them: real, file-fed or simulated, with one face."""
