"""What a new version of the chart or the image changes, before the commit: two renderings by Helm, compared."""
